/* download.c - libcurl; the caller checks the content's hash, so that neither the
 * server nor the way to it needs to be trusted.  Where the hub names that hash itself, the
 * hub and the way to it are: its answer is taken from no proxy, and https stays https. */
#include "store/download.h"

#include "base/clock.h"
#include "store/hub.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    SLOW_BYTES = 1000, SLOW_S = 30, /* below this rate for so long: given up, and tried again */
    N_TRIES = 3
};

struct transfer {
    const char *url;
    int fd;
    uint64_t done, bytes;
    struct hub *hub;                /* NULL: the hash is known */
    unsigned answer_ms;             /* a host that is not heard of by then is passed over */
    download_tick *tick;
    void *user;
    double start_ms;
    bool answered, cancelled, too_long;
    bool checked;                   /* of this answer */
    bool another;                   /* the hub names another file than what is there is of */
    struct error refused;           /* what the hub names is not as expected */
    int write_errno;
    char reason[CURL_ERROR_SIZE];
};

static size_t take_header(char *data, size_t size, size_t n, void *user)
{
    struct transfer *t = user;

    t->answered = true;
    if (t->hub != NULL)
        hub_take_header(t->hub, data, size * n);
    return size * n;
}

/* At a body's first byte: is the file named, and as the one that is there? */
static bool check_hub(struct transfer *t)
{
    char sha256[SHA256_HEX];

    if (t->checked || t->hub == NULL)
        return true;
    if (!hub_named(t->hub, t->bytes, sha256, &t->refused))
        return false;
    t->another = t->done > 0 && strcmp(sha256, t->hub->sha256) != 0;
    t->checked = !t->another && (t->done > 0 || hub_keep(t->hub, sha256, &t->refused));
    return t->checked;
}

static size_t take_body(char *data, size_t size, size_t n, void *user)
{
    struct transfer *t = user;
    size_t left = size * n;

    if (!check_hub(t))
        return 0;
    if (left > t->bytes - t->done) {
        t->too_long = true;
        return 0;
    }
    while (left > 0) {
        ssize_t put = pwrite(t->fd, data, left, (off_t)t->done);
        if (put < 0 && errno == EINTR)
            continue;
        if (put <= 0) {
            t->write_errno = errno;
            return 0;
        }
        data += put;
        left -= (size_t)put;
        t->done += (uint64_t)put;
    }
    return size * n;
}

/* libcurl calls this at least once a second; not 0 ends the transfer. */
static int watch(void *user, curl_off_t n_total, curl_off_t n_now, curl_off_t up_total, curl_off_t up_now)
{
    struct transfer *t = user;

    (void)n_total;
    (void)n_now;
    (void)up_total;
    (void)up_now;
    if (!t->tick(t->user, t->done))
        t->cancelled = true;
    return t->cancelled || (!t->answered && clock_ms() - t->start_ms > t->answer_ms);
}

static CURLcode transfer_once(struct transfer *t)
{
    CURL *curl = curl_easy_init();

    if (curl == NULL)
        return CURLE_OUT_OF_MEMORY;
    t->start_ms = clock_ms();
    t->reason[0] = '\0';
    t->checked = t->another = false;
    if (t->hub != NULL)
        hub_new_answer(t->hub);
    curl_easy_setopt(curl, CURLOPT_URL, t->url);
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_REDIR_PROTOCOLS_STR, t->hub != NULL && strncmp(t->url, "https:", 6) == 0 ? "https" : "http,https");
    curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, t->hub != NULL ? 1L : 0L);
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(curl, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(curl, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "mynah");
    curl_easy_setopt(curl, CURLOPT_QUICK_EXIT, 1L);     /* do not wait for a resolver that hangs */
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)t->answer_ms);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_LIMIT, (long)SLOW_BYTES);
    curl_easy_setopt(curl, CURLOPT_LOW_SPEED_TIME, (long)SLOW_S);
    curl_easy_setopt(curl, CURLOPT_RESUME_FROM_LARGE, (curl_off_t)t->done);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, t->reason);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, t);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, t);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, t);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    CURLcode rc = curl_easy_perform(curl);
    curl_easy_cleanup(curl);
    return rc;
}

static bool fail(const struct transfer *t, CURLcode rc, struct error *err)
{
    const char *host = strstr(t->url, "://") + 3;
    int n = (int)strcspn(host, "/");

    if (t->cancelled)
        return error_set(err, ERROR_CANCELLED, "stopped");
    if (t->write_errno != 0)
        return error_set(err, ERROR_PULL, "%.*s: writing failed: %s", n, host, strerror(t->write_errno));
    if (t->refused.code != ERROR_NONE)
        return error_set(err, ERROR_PULL, "%.*s: %s", n, host, t->refused.text);
    if (t->another)
        return error_set(err, ERROR_PULL, "%.*s: names another sha256 at each answer", n, host);
    if (t->too_long)
        return error_set(err, ERROR_PULL, "%.*s: sends more than the %llu bytes that were published", n, host,
                         (unsigned long long)t->bytes);
    if (!t->answered && (rc == CURLE_ABORTED_BY_CALLBACK || rc == CURLE_OPERATION_TIMEDOUT))
        return error_set(err, ERROR_PULL, "%.*s: no answer within %u s", n, host, t->answer_ms / 1000);
    return error_set(err, ERROR_PULL, "%.*s: %s", n, host, t->reason[0] != '\0' ? t->reason : curl_easy_strerror(rc));
}

bool download_file(const char *url, int fd, uint64_t bytes, struct hub *hub, unsigned answer_ms, download_tick *tick, void *user,
                   bool *silent, struct error *err)
{
    struct transfer t = { .url = url, .fd = fd, .bytes = bytes, .hub = hub, .answer_ms = answer_ms, .tick = tick, .user = user };
    struct stat st;
    CURLcode rc = CURLE_OK;

    if (fstat(fd, &st) != 0)
        return error_set(err, ERROR_PULL, "%s: %s", url, strerror(errno));
    t.done = (uint64_t)st.st_size <= bytes && (hub == NULL || hub->sha256[0] != '\0') ? (uint64_t)st.st_size : 0;
    for (int i = 0; i < N_TRIES && t.done < bytes; i++) {
        uint64_t before = t.done;
        rc = transfer_once(&t);
        if ((rc == CURLE_RANGE_ERROR || t.another) && ftruncate(fd, 0) == 0)
            t.done = 0;             /* the server cannot resume, or has another file: from the start */
        else if (rc == CURLE_OK || t.done == before || t.cancelled || t.too_long || t.write_errno != 0)
            break;
    }
    *silent = !t.answered && t.done < bytes && !t.cancelled;
    if (ftruncate(fd, (off_t)t.done) != 0)
        return error_set(err, ERROR_PULL, "%s: %s", url, strerror(errno));
    if (t.done == bytes)
        return true;
    if (rc == CURLE_OK)
        snprintf(t.reason, sizeof t.reason, "ends after %llu of %llu bytes", (unsigned long long)t.done,
                 (unsigned long long)bytes);
    return fail(&t, rc, err);
}
