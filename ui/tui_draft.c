/* tui_draft.c - what is about to be said: chips, recording, sending. */
#include "ui/tui.h"

#include "ui/paths.h"
#include "ui/run.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

static void free_chip(struct chip *chip)
{
    free(chip->path);
    buffer_free(&chip->label);
    buffer_free(&chip->shown);
    wrap_free(&chip->wrap);
}

void tui_free_chip(struct tui *t, size_t i)
{
    free_chip(&t->chips[i]);
    memmove(&t->chips[i], &t->chips[i + 1], (--t->n_chips - i) * sizeof *t->chips);
}

struct chip *tui_find_chip(struct tui *t, uint32_t request)
{
    for (size_t i = 0; i < t->n_chips; i++)
        if (t->chips[i].request == request && t->chips[i].state == CHIP_READING)
            return &t->chips[i];
    return NULL;
}

/* ---- attachments ------------------------------------------------------------------ */

void tui_label(const struct tui *t, const struct attachment *a, struct buffer *label)
{
    struct engine_attachment x = t->engine->attachment(a);

    buffer_clear(label);
    buffer_print(label, "%s %s · %s", x.kind == ATTACHMENT_IMAGE ? "image" : "clip", x.name, x.summary);
    if (x.n_tokens > 0)
        buffer_print(label, " · %zu tokens", x.n_tokens);
    if (x.n_tokens > 0 && t->n_ctx > 0) {
        size_t percent = (100 * x.n_tokens + t->n_ctx / 2) / t->n_ctx;
        buffer_print(label, ", %s%zu %%", percent == 0 ? "< " : "", percent == 0 ? 1 : percent);
    }
}

void tui_perceive(struct tui *t, const struct attachment *a)
{
    for (size_t i = 0; i < t->n_perceived; i++)
        if (t->perceived[i] == a)
            return;
    t->perceived = array_grow(t->perceived, t->n_perceived, &t->perceived_capacity, sizeof *t->perceived);
    t->perceived[t->n_perceived++] = a;
}

void tui_attach(struct tui *t, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *whole = slash == path || path[0] == '/' ? text_copy(path) : realpath(path, NULL);

    t->chips = array_grow(t->chips, t->n_chips, &t->chip_capacity, sizeof *t->chips);
    struct chip *chip = &t->chips[t->n_chips++];
    *chip = (struct chip){ .path = whole != NULL ? whole : text_copy(path) };
    buffer_print(&chip->label, "%s", slash != NULL ? slash + 1 : path);
    sha256_file(chip->path, chip->sha256, NULL);
    chip->request = t->engine->attach(t->engine->self, chip->path);
}

bool tui_attach_all(struct tui *t, struct paths *paths)
{
    for (size_t i = 0; i < paths->n; i++)
        tui_attach(t, paths->items[i]);
    bool any = paths->n > 0;
    paths_free(paths);
    return any;
}

void tui_remove_chip(struct tui *t)
{
    const struct chip *chip = &t->chips[t->n_chips - 1];

    if (chip->state == CHIP_READING && chip->request == t->active_request)
        t->engine->cancel(t->engine->self);
    tui_free_chip(t, t->n_chips - 1);
    t->send_waits = false;
}

/* ---- sending ---------------------------------------------------------------------- */

static bool is_blank_text(const char *s)
{
    return s[strspn(s, " \t\n")] == '\0';
}

/* What the draft still waits for; NULL: nothing. */
static const char *waits_for(const struct tui *t)
{
    if (t->resume != NULL)
        return "the saved conversation";
    if (!t->ready)
        return "the model";
    for (size_t i = 0; i < t->n_chips; i++)
        if (t->chips[i].state == CHIP_READING)
            return buffer_text(&t->chips[i].label);
    return NULL;
}

static void save_question(struct tui *t, const char *text)
{
    struct saved_file *files = NULL;
    size_t n = 0, capacity = 0;
    struct error err;

    for (size_t i = 0; i < t->n_chips; i++)
        if (t->chips[i].state == CHIP_READY) {
            files = array_grow(files, n, &capacity, sizeof *files);
            files[n++] = (struct saved_file){ t->chips[i].path, t->chips[i].sha256 };
        }
    if (t->log != NULL && !transcript_log_user(t->log, text, files, n, &err))
        tui_note(t, ITEM_ERROR, "%s", err.text);
    free(files);
}

/* An image or a clip sent without a word still asks something, and shows what. */
static const char *question_of(const struct tui *t, enum turn_task *task)
{
    const char *text = buffer_text(&t->editor.text);
    size_t i = 0;

    *task = TURN_CHAT;
    if (!is_blank_text(text))
        return text;
    while (t->chips[i].state != CHIP_READY)
        i++;
    if (strncmp(buffer_text(&t->chips[i].label), "clip", 4) == 0)
        return "What is said in it?";
    *task = TURN_DESCRIBE;
    return "Describe the image in one sentence.";
}

void tui_forget_asked(struct tui *t)
{
    for (size_t i = 0; i < t->asked.n_chips; i++)
        free_chip(&t->asked.chips[i]);
    free(t->asked.chips);
    free(t->asked.text);
    t->asked = (struct asked){ 0 };
}

/* The draft becomes what was asked, without the files that could not be read. */
static void put_aside(struct tui *t, const char *question)
{
    tui_forget_asked(t);
    for (size_t i = t->n_chips; i-- > 0;)
        if (t->chips[i].state == CHIP_FAILED)
            tui_free_chip(t, i);
    editor_remember(&t->editor, question);
    t->asked = (struct asked){ text_copy(buffer_text(&t->editor.text)), t->chips, t->n_chips, t->editor.n_history - 1, false };
    t->chips = NULL;
    t->n_chips = t->chip_capacity = 0;
    editor_set(&t->editor, "");
}

void tui_recall_chips(struct tui *t)
{
    if (!t->asked.failed || t->editor.i_history != t->asked.i_history)
        return;
    for (size_t i = 0; i < t->asked.n_chips; i++) {
        t->chips = array_grow(t->chips, t->n_chips, &t->chip_capacity, sizeof *t->chips);
        t->chips[t->n_chips++] = t->asked.chips[i];
    }
    t->asked.n_chips = 0;           /* they moved */
    tui_forget_asked(t);
}

void tui_take_back(struct tui *t)
{
    t->asked.failed = true;
    if (t->editor.text.n == 0 && t->n_chips == 0) {
        editor_set(&t->editor, t->asked.text);
        t->asked.i_history = t->editor.i_history;
    }
    tui_recall_chips(t);
    if (t->asked.failed)
        tui_hint(t, false, "the question is kept: Up brings it back");
}

static void send(struct tui *t)
{
    struct turn turn = { 0 };
    uint32_t *ids = NULL;
    size_t capacity = 0;

    save_question(t, question_of(t, &turn.task));
    for (size_t i = 0; i < t->n_chips; i++)
        if (t->chips[i].state == CHIP_READY) {
            ids = array_grow(ids, turn.n_attachments, &capacity, sizeof *ids);
            ids[turn.n_attachments++] = t->chips[i].id;
            tui_add(t, ITEM_CHIP, buffer_text(&t->chips[i].label));
        }
    turn.text = question_of(t, &turn.task);
    turn.attachments = ids;
    turn.language = run_locale_language();
    tui_add(t, ITEM_USER, turn.text);
    t->ask_request = t->engine->ask(t->engine->self, &turn);
    t->i_answer = SIZE_MAX;
    free(ids);
    put_aside(t, turn.text);
    t->send_waits = t->scrolled = false;
    buffer_clear(&t->activity);
    buffer_print(&t->activity, "thinking");
}

static size_t n_sendable(const struct tui *t)
{
    size_t n = 0;

    for (size_t i = 0; i < t->n_chips; i++)
        n += t->chips[i].state != CHIP_FAILED;
    return n;
}

void tui_submit(struct tui *t)
{
    const char *text = buffer_text(&t->editor.text);
    struct paths paths;

    t->scrolled = false;            /* what comes of it stands at the end */
    if (paths_only(text, &paths) && tui_attach_all(t, &paths)) {
        editor_set(&t->editor, "");
        return;
    }
    if (text[0] == '/' && tui_command(t, text))
        return;
    if (is_blank_text(text) && n_sendable(t) == 0)
        return;
    if (t->ask_request != 0) {
        tui_hint(t, true, "the answer is still coming: Esc stops it");
        return;
    }
    if (t->no_model) {
        tui_hint(t, true, "no model is loaded: /model NAME loads one");
        return;
    }
    t->send_waits = waits_for(t) != NULL;
    if (!t->send_waits)
        send(t);
}

void tui_send_if_ready(struct tui *t)
{
    if (t->send_waits && waits_for(t) == NULL)
        send(t);
}

/* ---- recording -------------------------------------------------------------------- */

static char *take_path(struct error *err)
{
    char *folder = data_folder("recordings", err);
    struct buffer path = { 0 };
    struct timespec now;
    struct tm local;
    char stamp[32];

    if (folder == NULL)
        return NULL;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &local);
    strftime(stamp, sizeof stamp, "%Y%m%d-%H%M%S", &local);
    buffer_print(&path, "%s/take-%s-%03ld.wav", folder, stamp, now.tv_nsec / 1000000);
    free(folder);
    return path.s;
}

void tui_end_recording(struct tui *t, bool keep)
{
    struct error err;
    struct record *record = t->record;
    char *path = keep ? take_path(&err) : NULL;

    t->mode = MODE_CHAT;
    t->record = NULL;
    if (path == NULL)
        record_abandon(record);
    if (!keep)
        tui_hint(t, false, "the recording was thrown away");
    else if (path != NULL && record_finish(record, path, &err))
        tui_attach(t, path);
    else
        tui_note(t, ITEM_ERROR, "%s", err.text);
    free(path);
}
