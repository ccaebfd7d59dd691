/* http_server.h - a web server with one file on 127.0.0.1, well or ill behaved, in a
 * thread of the test. */
#ifndef TESTS_HTTP_SERVER_H
#define TESTS_HTTP_SERVER_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum server_mode {
    SERVER_GOOD,
    SERVER_CUT,                     /* closes after cut_bytes of the body */
    SERVER_WHOLE,                   /* knows no ranges */
    SERVER_LONGER,                  /* one byte more than there is */
    SERVER_MISSING,                 /* 404 */
    SERVER_SILENT                   /* accepts, and says nothing */
};

struct server {
    const unsigned char *data;
    size_t n_bytes;
    _Atomic enum server_mode mode;
    _Atomic size_t cut_bytes;
    const char *_Atomic linked;     /* header lines of a redirect to where the bytes lie; NULL: they lie here */
    _Atomic size_t n_requests, last_from;       /* of the bytes; last_from: where the last range began */
    int fd;
    unsigned port;
    pthread_t thread;
};

static inline void server_send(int fd, const void *data, size_t n)
{
    for (ssize_t put; n > 0; n -= (size_t)put, data = (const char *)data + put)
        if ((put = send(fd, data, n, MSG_NOSIGNAL)) <= 0)
            return;
}

static inline void server_body(struct server *s, int fd, size_t from, bool partial)
{
    enum server_mode mode = s->mode;
    size_t n = s->n_bytes - from + (mode == SERVER_LONGER);
    char head[300];
    int n_head;

    if (partial)
        n_head = snprintf(head, sizeof head, "HTTP/1.1 206 Partial Content\r\nContent-Length: %zu\r\n"
                          "Content-Range: bytes %zu-%zu/%zu\r\nConnection: close\r\n\r\n", n, from, s->n_bytes - 1, s->n_bytes);
    else
        n_head = snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n", n);
    server_send(fd, head, (size_t)n_head);
    if (mode == SERVER_LONGER) {
        server_send(fd, s->data + from, n - 1);
        server_send(fd, "+", 1);
    } else {
        server_send(fd, s->data + from, mode == SERVER_CUT && s->cut_bytes < n ? s->cut_bytes : n);
    }
}

static inline void server_redirect(struct server *s, int fd)
{
    char head[600];

    int n = snprintf(head, sizeof head, "HTTP/1.1 302 Found\r\nLocation: /bytes\r\n%sContent-Length: 0\r\nConnection: close\r\n\r\n", s->linked);
    server_send(fd, head, (size_t)n);
}

static inline void server_answer(struct server *s, int fd)
{
    static const char missing[] = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    char request[4096] = "";
    size_t n = 0, from = 0;
    ssize_t got;

    while (n < sizeof request - 1 && strstr(request, "\r\n\r\n") == NULL &&
           (got = recv(fd, request + n, sizeof request - 1 - n, 0)) > 0)
        request[n += (size_t)got] = '\0';
    if (s->linked != NULL && strncmp(request, "GET /bytes ", 11) != 0) {
        server_redirect(s, fd);
        return;
    }
    s->n_requests++;
    const char *range = strstr(request, "Range: bytes=");
    if (range != NULL)
        from = strtoul(range + 13, NULL, 10);
    s->last_from = from;
    if (s->mode == SERVER_SILENT)
        while (recv(fd, request, sizeof request, 0) > 0)
            ;                       /* until the client gives up */
    else if (s->mode == SERVER_MISSING)
        server_send(fd, missing, sizeof missing - 1);
    else if (s->mode == SERVER_WHOLE)
        server_body(s, fd, 0, false);
    else
        server_body(s, fd, from, range != NULL);
}

static inline void *server_main(void *server)
{
    struct server *s = server;
    int fd;

    while ((fd = accept(s->fd, NULL, NULL)) >= 0) {
        server_answer(s, fd);
        close(fd);
    }
    return NULL;
}

static inline int server_start(struct server *s, const void *data, size_t n_bytes)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t n = sizeof address;

    memset(s, 0, sizeof *s);
    s->data = data;
    s->n_bytes = n_bytes;
    s->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s->fd < 0 || bind(s->fd, (struct sockaddr *)&address, n) != 0 || listen(s->fd, 8) != 0 ||
        getsockname(s->fd, (struct sockaddr *)&address, &n) != 0)
        return -1;
    s->port = ntohs(address.sin_port);
    return pthread_create(&s->thread, NULL, server_main, s);
}

static inline void server_stop(struct server *s)
{
    shutdown(s->fd, SHUT_RDWR);
    pthread_join(s->thread, NULL);
    close(s->fd);
}

#endif
