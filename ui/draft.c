/* draft.c - chips and text of the draft: how they come and go. */
#include "ui/draft.h"

#include "ui/draft_lines.h"
#include "ui/paths.h"
#include "ui/previews.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { PASTE_LINES = 10, PASTE_CHARACTERS = 1000 };     /* more of either is a chip */

void draft_init(struct draft *d, struct engine *engine)
{
    *d = (struct draft){ .engine = engine };
}

void chip_free(struct chip *chip)
{
    free(chip->path);
    free(chip->pasted);
    buffer_free(&chip->label);
    buffer_free(&chip->doing);
    buffer_free(&chip->shown);
    wrap_free(&chip->wrap);
}

static void drop_chip(struct draft *d, size_t i)
{
    chip_free(&d->chips[i]);
    memmove(&d->chips[i], &d->chips[i + 1], (--d->n_chips - i) * sizeof *d->chips);
}

void draft_done(struct draft *d)
{
    while (d->n_chips > 0)
        drop_chip(d, d->n_chips - 1);
    free(d->chips);
    editor_free(&d->editor);
    *d = (struct draft){ 0 };
}

bool draft_is_empty(const struct draft *d)
{
    return d->n_chips == 0 && d->editor.text.n == 0;
}

void draft_set(struct draft *d, const char *text)
{
    editor_set(&d->editor, text);
}

void draft_clear(struct draft *d)
{
    while (d->n_chips > 0)
        draft_remove_chip(d, d->n_chips - 1);
    editor_reset(&d->editor);
}

/* ---- chips ------------------------------------------------------------------------ */

static struct chip *add_chip(struct draft *d, enum chip_kind kind)
{
    d->chips = array_grow(d->chips, d->n_chips, &d->chip_capacity, sizeof *d->chips);
    struct chip *chip = &d->chips[d->n_chips++];
    *chip = (struct chip){ .kind = kind };
    return chip;
}

static size_t find_path(const struct draft *d, const char *path)
{
    size_t i = 0;

    while (i < d->n_chips && (d->chips[i].kind != CHIP_FILE || strcmp(d->chips[i].path, path) != 0))
        i++;
    return i;
}

/* The chip of this file, or of one with the same bytes; n_chips: none.  sha256 is "" when the path said it,
 * so that a large file is not read once more. */
static size_t find_file(const struct draft *d, const char *path, char sha256[SHA256_HEX])
{
    size_t i = find_path(d, path);

    sha256[0] = '\0';
    if (i < d->n_chips || !sha256_file(path, sha256, NULL))
        return i;
    for (i = 0; i < d->n_chips && strcmp(d->chips[i].sha256, sha256) != 0;)
        i++;
    return i;
}

bool draft_attach(struct draft *d, const char *path)
{
    char *whole = paths_whole(path), sha256[SHA256_HEX];
    size_t i = find_file(d, whole, sha256);
    struct stat st;

    if (i < d->n_chips && d->chips[i].state != CHIP_FAILED) {
        free(whole);
        return false;
    }
    if (i < d->n_chips) {           /* it is tried once more */
        drop_chip(d, i);
        find_file(d, whole, sha256);
    }
    struct chip *chip = add_chip(d, CHIP_FILE);
    chip->path = whole;
    memcpy(chip->sha256, sha256, sizeof sha256);
    chip->n_bytes = stat(whole, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
    buffer_print(&chip->label, "%s", paths_name(whole));
    chip->request = d->engine->attach(d->engine->self, whole);
    return true;
}

bool draft_take_paths(struct draft *d, const char *text)
{
    struct paths paths;

    if (!paths_only(text, &paths))
        return false;
    for (size_t i = 0; i < paths.n; i++)
        draft_attach(d, paths.items[i]);
    paths_free(&paths);
    return true;
}

/* One that is being read is told to stop; one that still waits its turn is read in vain. */
void draft_remove_chip(struct draft *d, size_t i)
{
    if (d->chips[i].state == CHIP_READING && d->chips[i].doing.n > 0)
        d->engine->cancel(d->engine->self);
    drop_chip(d, i);
}

const char *draft_waits_for(const struct draft *d)
{
    for (size_t i = 0; i < d->n_chips; i++)
        if (d->chips[i].state == CHIP_READING)
            return buffer_text(&d->chips[i].label);
    return NULL;
}

size_t draft_n_sendable(const struct draft *d)
{
    size_t n = 0;

    for (size_t i = 0; i < d->n_chips; i++)
        n += d->chips[i].state != CHIP_FAILED;
    return n;
}

/* ---- events ----------------------------------------------------------------------- */

static void set_doing(struct chip *chip, const char *what)
{
    buffer_clear(&chip->doing);
    buffer_print(&chip->doing, "%s", what);
}

static void decoded(struct chip *chip, const struct preview *preview)
{
    chip->done = chip->total = 0;   /* they counted the reading */
    chip->n_bytes = 0;              /* pixels or seconds say more */
    chip->expected_ms = preview->expected_ms;
    set_doing(chip, "encoding");
    buffer_clear(&chip->label);
    draft_print_file(&chip->label, preview->kind, paths_name(chip->path), preview->summary);
    buffer_print(&chip->label, "%s", preview->n_rows > 0 ? " · " : "");
    preview_print_cost(preview, &chip->label);
}

static void attached_chip(struct draft *d, struct chip *chip, const struct attachment *a)
{
    struct engine_attachment x = d->engine->attachment(a);

    chip->state = CHIP_READY;
    chip->id = x.id;
    chip->n_tokens = x.n_tokens;
    draft_label(d, a, &chip->label);
}

static void failed(struct chip *chip, const struct error *err)
{
    chip->state = CHIP_FAILED;
    buffer_clear(&chip->label);
    buffer_print(&chip->label, "%s", err->text);
}

static struct chip *reading_chip(struct draft *d, uint32_t request)
{
    for (size_t i = 0; i < d->n_chips; i++)
        if (d->chips[i].kind == CHIP_FILE && d->chips[i].state == CHIP_READING && d->chips[i].request == request)
            return &d->chips[i];
    return NULL;
}

bool draft_event(struct draft *d, const struct session_event *event, const struct attachment **attached)
{
    struct chip *chip = reading_chip(d, event->request);

    *attached = NULL;
    if (chip == NULL)
        return false;
    switch (event->kind) {
    case SESSION_PROGRESS:
        set_doing(chip, event->text);
        chip->done = event->done;
        chip->total = event->total;
        return true;
    case SESSION_DECODED:
        decoded(chip, event->preview);
        return true;
    case SESSION_ATTACHED:
        attached_chip(d, chip, event->attachment);
        *attached = event->attachment;
        return true;
    case SESSION_FAILED:
        failed(chip, &event->err);
        return true;
    default:
        return false;
    }
}

/* ---- pastes ----------------------------------------------------------------------- */

static size_t count_lines(const char *text, size_t n)
{
    size_t lines = n > 0 && text[n - 1] != '\n';

    for (size_t i = 0; i < n; i++)
        lines += text[i] == '\n';
    return lines;
}

static bool is_long(const char *text, size_t n)
{
    size_t characters = 0;

    for (size_t i = 0; i < n; i++)
        characters += ((unsigned char)text[i] & 0xC0) != 0x80;
    return characters > PASTE_CHARACTERS || count_lines(text, n) > PASTE_LINES;
}

static void add_paste(struct draft *d, const char *text, size_t n)
{
    struct chip *chip = add_chip(d, CHIP_PASTE);
    size_t lines = count_lines(text, n);

    chip->state = CHIP_READY;
    chip->pasted = text_copy(text);
    buffer_print(&chip->label, "pasted %zu line%s · ", lines, lines == 1 ? "" : "s");
    draft_print_bytes(&chip->label, n);
}

/* What a command is given is text, whatever it is. */
static bool is_argument(const struct editor *e)
{
    return e->at > 0 && e->text.s[0] == '/';
}

/* Files that a terminal hands over, pasted or as if they were typed. */
static bool take_dropped(struct draft *d, const char *text)
{
    struct editor *e = &d->editor;

    if (is_argument(e) || !draft_take_paths(d, text))
        return false;
    if (e->at > 0 && e->text.s[e->at - 1] == '@')       /* the chip is what was meant */
        editor_replace(e, e->at - 1, e->at, "", 0);
    return true;
}

/* Without NULs: they would end what the rest of the program sees. */
void draft_paste(struct draft *d, const char *text, size_t n)
{
    struct buffer whole = { 0 };

    for (size_t i = 0; i < n; i++)
        if (text[i] != '\0')
            buffer_append(&whole, text + i, 1);
    if (!take_dropped(d, buffer_text(&whole))) {
        if (!is_argument(&d->editor) && is_long(buffer_text(&whole), whole.n))
            add_paste(d, whole.s, whole.n);
        else
            editor_insert(&d->editor, buffer_text(&whole), whole.n);
    }
    buffer_free(&whole);
}

bool draft_open_paste(struct draft *d)
{
    for (size_t i = d->n_chips; i-- > 0;) {
        if (d->chips[i].kind != CHIP_PASTE)
            continue;
        editor_insert(&d->editor, d->chips[i].pasted, strlen(d->chips[i].pasted));
        drop_chip(d, i);
        return true;
    }
    return false;
}

/* ---- mentions and the question ---------------------------------------------------- */

/* Calls paths_mention for the next @ of the text at or behind *at; false when there is none. */
static bool next_mention(const char *text, size_t *at, size_t *n_bytes, char **path)
{
    for (; text[*at] != '\0'; (*at)++) {
        *n_bytes = paths_mention(text, *at, path);
        if (*n_bytes > 0)
            return true;
    }
    return false;
}

bool draft_take_mentions(struct draft *d)
{
    const char *text = buffer_text(&d->editor.text);
    char sha256[SHA256_HEX], *path;
    bool any = false;
    size_t n_bytes;

    for (size_t at = 0; next_mention(text, &at, &n_bytes, &path); at += n_bytes) {
        if (find_file(d, path, sha256) == d->n_chips)
            any |= draft_attach(d, path);
        free(path);
    }
    return any;
}

static void append_text(const struct draft *d, struct buffer *question)
{
    const char *text = buffer_text(&d->editor.text);
    char sha256[SHA256_HEX], *path;
    size_t from = 0, n_bytes;

    for (size_t at = 0; next_mention(text, &at, &n_bytes, &path); at = from) {
        size_t i = find_file(d, path, sha256);
        buffer_append(question, text + from, at - from);
        from = at + n_bytes;
        if (i < d->n_chips && d->chips[i].state != CHIP_FAILED)
            buffer_print(question, "%s", paths_name(path));
        else
            buffer_append(question, text + at, n_bytes);
        free(path);
    }
    buffer_append(question, text + from, strlen(text + from));
}

static void append_pastes(const struct draft *d, struct buffer *text)
{
    for (size_t i = 0; i < d->n_chips; i++) {
        if (d->chips[i].kind != CHIP_PASTE)
            continue;
        while (text->n > 0 && text->s[text->n - 1] == '\n')
            buffer_remove(text, text->n - 1, 1);
        buffer_print(text, "%s%s", text->n > 0 ? "\n\n" : "", d->chips[i].pasted);
    }
}

char *draft_question(struct draft *d)
{
    struct buffer question = { 0 };

    append_text(d, &question);
    append_pastes(d, &question);
    return question.s;
}

/* Files stand first, a mention a line: draft_restore takes them off again. */
char *draft_text(const struct draft *d)
{
    struct buffer text = { 0 };

    for (size_t i = 0; i < d->n_chips; i++) {
        if (d->chips[i].kind != CHIP_FILE || d->chips[i].state == CHIP_FAILED)
            continue;
        buffer_append(&text, "@", 1);
        paths_escape(d->chips[i].path, &text);
        buffer_append(&text, "\n", 1);
    }
    buffer_append(&text, buffer_text(&d->editor.text), d->editor.text.n);
    append_pastes(d, &text);
    return text.s;
}

void draft_restore(struct draft *d, const char *text)
{
    char *path;

    for (size_t n; *text == '@' && (n = paths_mention(text, 0, &path)) > 0 && text[n] == '\n'; text += n + 1) {
        draft_attach(d, path);
        free(path);
    }
    draft_set(d, text);
}

/* ---- presses ---------------------------------------------------------------------- */

bool draft_press(struct draft *d, const struct press *press, int width)
{
    bool at_start = d->editor.at == 0 && d->n_chips > 0;

    if (at_start && (press->kind == PRESS_BACKSPACE || press->kind == PRESS_CTRL_BACKSPACE)) {
        draft_remove_chip(d, d->n_chips - 1);
        return true;
    }
    if (press->kind == PRESS_TAB)
        return draft_tab_opens(d) && draft_open_paste(d);
    if (press->kind == PRESS_PASTE) {
        draft_paste(d, press->text, press->n);
        return true;
    }
    if (press->kind == PRESS_TEXT && press->n > 1 && take_dropped(d, press->text))
        return true;
    return editor_press(&d->editor, press, draft_text_width(width));
}
