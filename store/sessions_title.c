#include "store/sessions_private.h"

#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    TITLE_CHARACTERS = 60,
    TITLE_BYTES = 240               /* a single character may be as long as it likes */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Bytes of text[0..n) that a title takes. */
static size_t shorten(const char *text, size_t n)
{
    size_t at = 0;

    for (int i = 0; at < n && i < TITLE_CHARACTERS; i++) {
        size_t next = utf8_grapheme_next(text, n, at);
        if (next > TITLE_BYTES)
            return at > 0 ? at : utf8_complete(text, TITLE_BYTES);
        at = next;
    }
    return at;
}

/* Its first line with a word in it. */
static char *first_line(const char *text)
{
    while (is_blank(*text))
        text++;
    size_t n = strcspn(text, "\r\n");
    while (n > 0 && is_blank(text[n - 1]))
        n--;
    size_t kept = shorten(text, n);
    char *title = malloc(kept + sizeof "…");
    if (title != NULL) {
        memcpy(title, text, kept);
        strcpy(title + kept, kept < n ? "…" : "");
    }
    return title;
}

char *sessions_title(const char *title, const char *question, const char *file)
{
    if (title != NULL)
        return strdup(title);
    if (question != NULL && question[strspn(question, " \t\r\n")] != '\0')
        return first_line(question);
    const char *slash = file != NULL ? strrchr(file, '/') : NULL;
    return first_line(slash != NULL ? slash + 1 : file != NULL ? file : "");
}
