/* vi's normal mode: [count] [operator] [count] motion, or [count] command.
 *
 * Source: POSIX.1-2018, utility vi, "Command Descriptions"; without registers, marks, ex
 * and the repeat by a dot. */
#include "ui/editor_parts.h"

#include "base/utf8.h"

#include <stdint.h>
#include <string.h>

enum { MOST_COUNT = 9999, MOST_PUT_BYTES = 1 << 24 };   /* of a count; of what a put with a count may add */

void vi_forget(struct editor *e)
{
    e->vi.count = e->vi.operator_count = 0;
    e->vi.operator = e->vi.pending = 0;
}

void vi_clamp(struct editor *e)
{
    struct text t = editor_text(e);

    if (e->vi.normal && e->at == move_line_end(t, e->at) && e->at > move_line_start(t, e->at))
        e->at = move_previous(t, e->at);
}

bool vi_escape(struct editor *e)
{
    struct text t = editor_text(e);
    bool waited = e->vi.count > 0 || e->vi.operator != 0 || e->vi.pending != 0;

    vi_forget(e);
    if (e->vi.normal)
        return waited;
    e->vi.normal = true;
    editor_move_to(e, e->at > move_line_start(t, e->at) ? move_previous(t, e->at) : e->at);
    return true;
}

/* What is typed up to Esc is one step of undo with the command that began it. */
static void insert_mode(struct editor *e, size_t at)
{
    editor_move_to(e, at);
    e->vi.normal = false;
    e->run = RUN_TYPED;
}

/* ---- motions ----------------------------------------------------------------------- */

enum word_class { BLANK, WORD, OTHER };

static enum word_class class_of(struct text t, size_t at, bool big)
{
    if (at >= t.n || move_is_blank(t, at))
        return BLANK;
    return big || move_is_word(t, at) || t.s[at] == '_' ? WORD : OTHER;
}

/* An empty line is a word of its own. */
static bool is_empty_line(struct text t, size_t at)
{
    return at > 0 && at < t.n && t.s[at] == '\n' && t.s[at - 1] == '\n';
}

static size_t word_forward(struct text t, size_t at, bool big)
{
    size_t start = at;
    enum word_class here = class_of(t, at, big);

    while (at < t.n && here != BLANK && class_of(t, at, big) == here)
        at = move_next(t, at);
    while (at < t.n && class_of(t, at, big) == BLANK && (at == start || !is_empty_line(t, at)))
        at = move_next(t, at);
    return at;
}

static size_t word_back(struct text t, size_t at, bool big)
{
    do
        at = move_previous(t, at);
    while (at > 0 && class_of(t, at, big) == BLANK && !is_empty_line(t, at));
    enum word_class here = class_of(t, at, big);
    while (at > 0 && here != BLANK && class_of(t, move_previous(t, at), big) == here)
        at = move_previous(t, at);
    return at;
}

static size_t word_last(struct text t, size_t at, bool big)
{
    do
        at = move_next(t, at);
    while (at < t.n && class_of(t, at, big) == BLANK);
    enum word_class here = class_of(t, at, big);
    while (at < t.n && class_of(t, move_next(t, at), big) == here)
        at = move_next(t, at);
    return at < t.n ? at : move_previous(t, t.n);
}

struct motion { size_t to; bool inclusive, linewise; };

static size_t down(struct text t, size_t at, size_t n_lines)
{
    for (at = move_line_start(t, at); n_lines > 0; n_lines--) {
        size_t end = move_line_end(t, at);
        if (end == t.n)
            break;
        at = move_next(t, end);
    }
    return at;
}

static size_t up(struct text t, size_t at, size_t n_lines)
{
    for (at = move_line_start(t, at); at > 0 && n_lines > 0; n_lines--)
        at = move_line_start(t, at - 1);
    return at;
}

static bool is_here(struct text t, size_t at, const char *what)
{
    size_t n = strlen(what);

    return move_next(t, at) - at == n && memcmp(t.s + at, what, n) == 0;
}

/* f, t, F, T: the count-th character of that kind in the line. */
static bool find(const struct editor *e, char way, size_t count, bool again, struct motion *m)
{
    struct text t = editor_text(e);
    bool forward = way == 'f' || way == 't', before = way == 't' || way == 'T';
    size_t at = e->at, start = move_line_start(t, at), end = move_line_end(t, at);

    if (again && before)            /* ; after t: not the one it stands before already */
        at = forward ? move_next(t, at) : at > start ? move_previous(t, at) : at;
    while (count > 0) {
        if (forward ? at >= end : at <= start)
            return false;
        at = forward ? move_next(t, at) : move_previous(t, at);
        if (at < end && is_here(t, at, e->vi.find_text))
            count--;
    }
    if (before)
        at = forward ? move_previous(t, at) : move_next(t, at);
    *m = (struct motion){ .to = at, .inclusive = forward };
    return true;
}

static char other_way(char way)
{
    return way == 'f' ? 'F' : way == 'F' ? 'f' : way == 't' ? 'T' : 't';
}

/* Where h l w b e ... lead from `at`; one step of those that a count repeats. */
static bool step(struct text t, char key, size_t *at)
{
    switch (key) {
    case 'h': *at = *at > move_line_start(t, *at) ? move_previous(t, *at) : *at; return true;
    case 'l': case ' ': *at = *at < move_line_end(t, *at) ? move_next(t, *at) : *at; return true;
    case 'w': case 'W': *at = word_forward(t, *at, key == 'W'); return true;
    case 'b': case 'B': *at = word_back(t, *at, key == 'B'); return true;
    case 'e': case 'E': *at = word_last(t, *at, key == 'E'); return true;
    default: return false;
    }
}

static bool motion(const struct editor *e, char key, size_t count, bool counted, struct motion *m)
{
    struct text t = editor_text(e);
    size_t at = e->at;

    *m = (struct motion){ .inclusive = key == 'e' || key == 'E' };
    for (size_t i = 0, before = SIZE_MAX; i < count && at != before; i++) {
        before = at;
        if (!step(t, key, &at))
            break;
    }
    m->to = at;
    switch (key) {
    case 'h': case 'l': case ' ': case 'w': case 'W': case 'b': case 'B': case 'e': case 'E': return true;
    case '0': m->to = move_line_start(t, at); return true;
    case '^': m->to = move_first_letter(t, at); return true;
    case '$': m->to = move_line_end(t, down(t, at, count - 1)); return true;
    case 'j': m->to = down(t, at, count); break;
    case 'k': m->to = up(t, at, count); break;
    case 'G': m->to = counted ? down(t, 0, count - 1) : move_line_start(t, t.n); break;
    case 'g': m->to = down(t, 0, count - 1); break;
    case ';': return e->vi.find != 0 && find(e, e->vi.find, count, true, m);
    case ',': return e->vi.find != 0 && find(e, other_way(e->vi.find), count, true, m);
    default: return false;
    }
    m->linewise = true;
    return true;
}

/* ---- operators --------------------------------------------------------------------- */

static void operate_lines(struct editor *e, char operator, size_t from, size_t to)
{
    struct text t = editor_text(e);
    size_t start = move_line_start(t, from), end = move_line_end(t, to);

    editor_keep(e, start, end, KILL_FORWARD);
    buffer_append(&e->kills[e->i_kill], "\n", 1);
    e->vi.line_yank = true;
    if (operator == 'c') {
        editor_change(e, start, end, "", 0);
        insert_mode(e, start);
    } else if (operator == 'd') {
        bool last = end == t.n;
        editor_change(e, last ? move_previous(t, start) : start, last ? end : move_next(t, end), "", 0);
        editor_move_to(e, move_first_letter(editor_text(e), e->at));
    } else if (start < move_line_start(t, e->at)) {
        editor_move_to(e, start);
    }
}

static void operate(struct editor *e, char operator, size_t from, size_t to)
{
    if (from < to)
        editor_keep(e, from, to, KILL_FORWARD);
    if (operator != 'y')
        editor_change(e, from, to, "", 0);
    if (operator == 'c')
        insert_mode(e, from);
    else
        editor_move_to(e, from);
}

/* w with an operator does not take the break of the line along, and cw leaves the blanks (POSIX). */
static void trim_word(const struct editor *e, char operator, struct motion *m)
{
    struct text t = editor_text(e);

    if (operator == 'c' && !move_is_blank(t, e->at))
        while (m->to > e->at && move_is_blank(t, move_previous(t, m->to)))
            m->to = move_previous(t, m->to);
    for (size_t at = m->to; at > e->at && move_is_blank(t, move_previous(t, at));) {
        at = move_previous(t, at);
        if (t.s[at] == '\n' || t.s[at] == '\r')
            m->to = at;
    }
}

static void go(struct editor *e, char key, struct motion m)
{
    struct text t = editor_text(e);
    char operator = e->vi.operator;

    vi_forget(e);
    if (operator == 0) {
        editor_move_to(e, m.linewise ? move_first_letter(t, m.to) : m.to);
        return;
    }
    if (key == 'w' || key == 'W')
        trim_word(e, operator, &m);
    size_t from = m.to < e->at ? m.to : e->at, to = m.to < e->at ? e->at : m.to;
    if (m.linewise)
        operate_lines(e, operator, from, to);
    else
        operate(e, operator, from, m.inclusive ? move_next(t, to) : to);
}

/* ---- commands ---------------------------------------------------------------------- */

static void put(struct editor *e, bool behind, size_t count)
{
    struct text t = editor_text(e);
    struct buffer text = { 0 };

    if (e->n_kills == 0)
        return;
    const struct buffer *kill = &e->kills[e->i_kill];
    for (size_t i = 0; i < count && text.n + kill->n <= MOST_PUT_BYTES; i++)
        buffer_append(&text, buffer_text(kill), kill->n);
    size_t start = move_line_start(t, e->at), end = move_line_end(t, e->at);
    if (!e->vi.line_yank) {
        size_t at = behind && e->at < end ? move_next(t, e->at) : e->at;
        editor_change(e, at, at, buffer_text(&text), text.n);
        if (text.n > 0)
            editor_move_to(e, move_previous(editor_text(e), e->at));
    } else if (text.n > 0) {
        if (behind)
            buffer_insert(&text, 0, "\n", 1);
        size_t at = behind ? end : start;
        editor_change(e, at, at, text.s, behind ? text.n - 1 : text.n);
        editor_move_to(e, move_first_letter(editor_text(e), behind ? at + 1 : at));
    }
    buffer_free(&text);
}

static void join(struct editor *e, size_t n_lines)
{
    for (size_t i = 1; i < (n_lines > 2 ? n_lines : 2); i++) {
        struct text t = editor_text(e);
        size_t end = move_line_end(t, e->at), next = move_next(t, end);
        if (end == t.n)
            break;
        next = move_first_letter(t, next);
        bool blank = next < t.n && t.s[next] != '\n' && end > 0 && !move_is_blank(t, move_previous(t, end));
        editor_change(e, end, next, " ", blank);
        editor_move_to(e, end);
    }
}

/* r: each of count characters gives way to this one. */
static bool replace(struct editor *e, const char *s, size_t n, size_t count)
{
    struct text t = editor_text(e);
    size_t to = e->at, end = move_line_end(t, e->at);
    struct buffer text = { 0 };

    for (size_t i = 0; i < count; i++) {
        if (to >= end)
            break;
        to = move_next(t, to);
        buffer_append(&text, s, n);
    }
    if (text.n == count * n) {
        editor_change(e, e->at, to, buffer_text(&text), text.n);
        editor_move_to(e, move_previous(editor_text(e), e->at));
    }
    buffer_free(&text);
    return true;
}

static size_t right_by(struct text t, size_t at, size_t count)
{
    for (size_t end = move_line_end(t, at); count > 0 && at < end; count--)
        at = move_next(t, at);
    return at;
}

static size_t left_by(struct text t, size_t at, size_t count)
{
    for (size_t start = move_line_start(t, at); count > 0 && at > start; count--)
        at = move_previous(t, at);
    return at;
}

/* j and k go by drawn lines, and to the history from the first and the last. */
static void move_lines(struct editor *e, int by, size_t count, int width)
{
    for (size_t i_history = e->i_history; count > 0 && e->i_history == i_history; count--)
        editor_move_line(e, by, width);
}

static void undo(struct editor *e, size_t count, bool (*back)(struct editor *))
{
    while (count > 0 && back(e))
        count--;
}

static bool command(struct editor *e, char key, size_t count, int width)
{
    struct text t = editor_text(e);
    size_t at = e->at, start = move_line_start(t, at), end = move_line_end(t, at);

    switch (key) {
    case 'i': insert_mode(e, at); return true;
    case 'a': insert_mode(e, at < end ? move_next(t, at) : at); return true;
    case 'I': insert_mode(e, move_first_letter(t, at)); return true;
    case 'A': insert_mode(e, end); return true;
    case 'o': editor_change(e, end, end, "\n", 1); insert_mode(e, e->at); return true;
    case 'O': editor_change(e, start, start, "\n", 1); insert_mode(e, start); return true;
    case 'x': operate(e, 'd', at, right_by(t, at, count)); return true;
    case 'X': operate(e, 'd', left_by(t, at, count), at); return true;
    case 's': operate(e, 'c', at, right_by(t, at, count)); return true;
    case 'D': operate(e, 'd', at, move_line_end(t, down(t, at, count - 1))); return true;
    case 'C': operate(e, 'c', at, move_line_end(t, down(t, at, count - 1))); return true;
    case 'S': operate_lines(e, 'c', at, down(t, at, count - 1)); return true;
    case 'Y': operate_lines(e, 'y', at, down(t, at, count - 1)); return true;
    case 'p': case 'P': put(e, key == 'p', count); return true;
    case 'u': undo(e, count, editor_undo); return true;
    case '~': editor_change_case(e, at, right_by(t, at, count), CASE_SWAP); return true;
    case 'J': join(e, count); return true;
    case 'j': case 'k': move_lines(e, key == 'j' ? 1 : -1, count, width); return true;
    default: return false;
    }
}

static bool take_pending(struct editor *e, const char *s, size_t n, size_t count, bool counted)
{
    char pending = e->vi.pending;
    struct motion m;

    e->vi.pending = 0;
    if (pending == 'r') {
        vi_forget(e);
        return replace(e, s, n, count);
    }
    if (pending != 'g' && n < sizeof e->vi.find_text) {
        e->vi.find = pending;
        memcpy(e->vi.find_text, s, n);
        e->vi.find_text[n] = '\0';
        if (find(e, pending, count, false, &m)) {
            go(e, pending, m);
            return true;
        }
    } else if (pending == 'g' && s[0] == 'g' && motion(e, 'g', count, counted, &m)) {
        go(e, 'g', m);
        return true;
    }
    vi_forget(e);
    return true;
}

static size_t product(size_t a, size_t b)
{
    size_t all = (a > 0 ? a : 1) * (b > 0 ? b : 1);

    return all < MOST_COUNT ? all : MOST_COUNT;
}

/* One character typed in normal mode. */
static bool normal(struct editor *e, const char *s, size_t n, int width)
{
    struct editor_vi *vi = &e->vi;
    size_t count = product(vi->count, vi->operator_count);
    bool counted = vi->count + vi->operator_count > 0, known;
    struct motion m;

    if (vi->pending != 0)
        return take_pending(e, s, n, count, counted);
    if ((s[0] >= '1' && s[0] <= '9') || (s[0] == '0' && vi->count > 0)) {
        vi->count = product(1, vi->count * 10 + (size_t)(s[0] - '0'));
    } else if (memchr("fFtTg", s[0], 5) != NULL || (s[0] == 'r' && vi->operator == 0)) {
        vi->pending = s[0];
    } else if (vi->operator != 0 && s[0] == vi->operator) {
        vi_forget(e);
        operate_lines(e, s[0], e->at, down(editor_text(e), e->at, count - 1));
    } else if (vi->operator == 0 && memchr("dcy", s[0], 3) != NULL) {
        vi->operator = s[0];
        vi->operator_count = vi->count;
        vi->count = 0;
    } else {
        char operator = vi->operator;
        bool lines = operator == 0 && (s[0] == 'j' || s[0] == 'k');
        if (!lines && motion(e, s[0], count, counted, &m)) {
            go(e, s[0], m);
            return true;
        }
        vi_forget(e);
        known = operator == 0 && command(e, s[0], count, width);
        return known || operator != 0;
    }
    return true;
}

bool vi_text(struct editor *e, const char *text, size_t n, int width)
{
    bool known = true;

    for (size_t at = 0; at < n && e->vi.normal;) {
        size_t next = utf8_grapheme_next(text, n, at);
        e->log.group++;
        e->run = e->last_run = RUN_NONE;
        known = normal(e, text + at, next - at, width);
        vi_clamp(e);
        at = next;
        if (e->vi.normal)
            continue;
        e->last_run = RUN_TYPED;
        if (at < n)
            editor_change(e, e->at, e->at, text + at, n - at);
        e->run = RUN_TYPED;
    }
    return known;
}
