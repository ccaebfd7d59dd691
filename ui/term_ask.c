/* What terminals of today understand and terminfo does not say.
 *
 *   CSI ? 2004 h/l             bracketed paste (xterm ctlseqs)
 *   CSI ? 1000 h, ? 1006 h     clicks and the wheel, in SGR form
 *   OSC 11 ; ? ST, CSI c       the background's colour; every terminal answers DA1, so its answer
 *                              says that the other will not come any more
 *   OSC 52 ; c ; base64 BEL    the clipboard
 *   APC G, DCS q               pictures of kitty and sixel
 *
 * Asked of none that could print them: linux, vt100 and their like, GNU screen. */
#include "base/clock.h"
#include "ui/term_state.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    ANSWER_MS = 200,                /* an ssh line far away */
    COPY_BYTES_MOST = 74994         /* 100,000 bytes of base64 and the sequence around it: the least limit known (hterm) */
};

const char ask_paste_on[] = "\x1B[?2004h", ask_paste_off[] = "\x1B[?2004l";
const char ask_mouse_on[] = "\x1B[?1000h\x1B[?1006h", ask_mouse_off[] = "\x1B[?1006l\x1B[?1000l";
static const char question[] = "\x1B]11;?\x1B\\\x1B[c";

static void send(const char *s)
{
    tty_write(s, strlen(s));
}

/* ---- on and off ----------------------------------------------------------------------- */

/* Only where the answer matters. */
static bool wonders(void)
{
    return !term.is_old && !term.is_screen && !term.asked && term.is_light < 0 && term_would_choose(0) != term_would_choose(1);
}

void ask_on(void)
{
    send(ask_paste_on);
    if (term.mouse)
        send(ask_mouse_on);
    if (wonders()) {
        send(question);
        term.asked = true;
    }
}

/* The answer to DA1, CSI ? ... c, ends what was asked. */
static bool is_answered(const char *bytes, size_t n)
{
    const char *start = memmem(bytes, n, "\x1B[?", 3);

    return start != NULL && memchr(start, 'c', n - (size_t)(start - bytes)) != NULL;
}

void ask_off(void)
{
    struct pollfd in = { STDIN_FILENO, POLLIN, 0 };
    double end_ms = clock_ms() + ANSWER_MS;
    char bytes[512];
    size_t n = 0;

    while (term.asked && clock_ms() < end_ms && n < sizeof bytes && poll(&in, 1, (int)(end_ms - clock_ms()) + 1) > 0) {
        int got = term_read(bytes + n, sizeof bytes - n);
        if (got < 0)
            break;
        n += (size_t)got;
        if (is_answered(bytes, n))
            break;
    }
    term.asked = false;
    if (term.mouse)
        send(ask_mouse_off);
    send(ask_paste_off);
}

void term_set_mouse(bool on)
{
    on = on && !term.is_old;
    if (term.mouse != on)
        send(on ? ask_mouse_on : ask_mouse_off);
    term.mouse = on;
}

bool term_reply(const char *text, size_t n)
{
    char reply[64];

    if (n >= 3 && memcmp(text, "[?", 2) == 0 && text[n - 1] == 'c')
        term.asked = false;
    if (n < 4 || memcmp(text, "]11;", 4) != 0)
        return false;
    n = n < sizeof reply ? n : sizeof reply - 1;
    memcpy(reply, text, n);
    reply[n] = '\0';
    int is_light = theme_background_of_reply(reply);
    if (is_light < 0)
        return false;
    term.is_light = is_light;
    if (term_would_choose(term.is_light) == term.theme)
        return false;
    term_set_theme(term.wanted);
    return true;
}

/* ---- clipboard ------------------------------------------------------------------------- */

/* RFC 4648, 4. */
static size_t base64(const char *text, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t length = 0;

    for (size_t i = 0; i < n; i += 3) {
        unsigned bits = 0;
        for (size_t k = 0; k < 3; k++)
            bits = bits << 8 | (i + k < n ? (unsigned char)text[i + k] : 0);
        for (size_t k = 0; k < 4; k++)
            out[length++] = i + k <= n ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    return length;
}

/* tmux takes the sequence itself where set-clipboard is on, and hands it through in its own
 * envelope where allow-passthrough is; which of them nobody can see, and where both are the
 * clipboard is set twice to the same. */
bool term_copy(const char *text, size_t n)
{
    const char *tmux = getenv("TMUX");

    if (n > COPY_BYTES_MOST || term.is_old || term.is_screen || !term.is_open)
        return false;
    char *coded = malloc((n + 2) / 3 * 4 + 1);
    if (coded == NULL)
        return false;
    size_t length = base64(text, n, coded);
    send("\x1B]52;c;");
    tty_write(coded, length);
    send("\a");
    if (tmux != NULL && *tmux != '\0') {
        send("\x1BPtmux;\x1B\x1B]52;c;");
        tty_write(coded, length);
        send("\a\x1B\\");
    }
    free(coded);
    return true;
}
