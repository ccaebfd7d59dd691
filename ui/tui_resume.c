/* tui_resume.c - a saved conversation comes back.
 *
 * Its words are shown at once; its files are attached again, and when the last
 * is read (or refused) the turns are given to the engine in order.  A file that
 * is gone or changed leaves a note. */
#include "ui/tui.h"

#include <stdlib.h>
#include <string.h>

struct resumed_file {
    size_t i_turn, i_item;          /* whose, and its chip on the screen */
    uint32_t request, id;           /* id 0: not there */
};

struct resume {
    struct saved saved;
    struct resumed_file *files;
    size_t n_files, capacity, n_waiting;
};

static void attach_again(struct tui *t, struct resume *r, size_t i_turn, const struct saved_file *file)
{
    char sha256[SHA256_HEX] = "";
    const char *slash = strrchr(file->path, '/'), *name = slash != NULL ? slash + 1 : file->path;
    bool there = sha256_file(file->path, sha256, NULL);

    if (!there || strcmp(sha256, file->sha256) != 0) {
        tui_note(t, ITEM_CHIP, "%s, which %s", name, there ? "has changed since" : "is no longer there");
        return;
    }
    tui_add(t, ITEM_CHIP, name);
    r->files = array_grow(r->files, r->n_files, &r->capacity, sizeof *r->files);
    r->files[r->n_files++] = (struct resumed_file){ i_turn, t->n_items - 1, t->engine->attach(t->engine->self, file->path), 0 };
    r->n_waiting++;
}

static void show_turn(struct tui *t, struct resume *r, size_t i_turn)
{
    const struct saved_turn *turn = &r->saved.turns[i_turn];

    for (size_t i = 0; i < turn->n_files; i++)
        attach_again(t, r, i_turn, &turn->files[i]);
    tui_add(t, ITEM_USER, turn->text);
    editor_remember(&t->editor, turn->text);
    if (turn->answer != NULL)
        tui_add(t, ITEM_ANSWER, turn->answer);
    if (turn->answer == NULL || turn->stopped)
        tui_note(t, ITEM_NOTE, turn->answer == NULL ? "no answer was finished" : "stopped");
}

/* Everything is read: the engine gets the turns. */
static void restore(struct tui *t)
{
    struct resume *r = t->resume;

    for (size_t i = 0; i < r->saved.n; i++) {
        const struct saved_turn *saved = &r->saved.turns[i];
        struct turn turn = { .task = TURN_CHAT, .text = saved->text };
        uint32_t *ids = NULL;
        size_t capacity = 0;
        if (saved->answer == NULL)
            continue;
        for (size_t j = 0; j < r->n_files; j++)
            if (r->files[j].i_turn == i && r->files[j].id != 0) {
                ids = array_grow(ids, turn.n_attachments, &capacity, sizeof *ids);
                ids[turn.n_attachments++] = r->files[j].id;
            }
        turn.attachments = ids;
        t->engine->restore(t->engine->self, &turn, saved->answer);
        free(ids);
    }
    resume_free(r);
    t->resume = NULL;
}

void resume_start(struct tui *t, struct saved *saved)
{
    struct resume *r = saved->n > 0 ? calloc(1, sizeof *r) : NULL;

    if (saved->n == 0 && saved->n_broken > 0)
        tui_note(t, ITEM_NOTE, "nothing in the saved conversation can be read; this one goes on in its file");
    if (saved->in_use)
        tui_note(t, ITEM_NOTE, "another mynah has the last conversation open; this is a new one");
    if (r == NULL)
        return;
    r->saved = *saved;
    *saved = (struct saved){ 0 };
    t->resume = r;
    for (size_t i = 0; i < r->saved.n; i++)
        show_turn(t, r, i);
    if (r->saved.n_broken > 0)
        tui_note(t, ITEM_NOTE, "%zu damaged line%s of the saved conversation left out", r->saved.n_broken, r->saved.n_broken == 1 ? "" : "s");
    tui_note(t, ITEM_NOTE, "resumed; /clear starts a new conversation");
    if (r->n_waiting == 0)
        restore(t);
}

bool resume_event(struct tui *t, const struct session_event *e)
{
    struct resume *r = t->resume;
    bool ended = e->kind == SESSION_ATTACHED || e->kind == SESSION_FAILED;

    for (size_t i = 0; r != NULL && ended && i < r->n_files; i++) {
        struct resumed_file *file = &r->files[i];
        if (file->request != e->request)
            continue;
        if (e->kind == SESSION_ATTACHED) {
            file->id = t->engine->attachment(e->attachment).id;
            tui_label(t, e->attachment, &t->items[file->i_item].text);
            wrap_reset(&t->items[file->i_item].wrap);
            tui_perceive(t, e->attachment);
        } else {
            tui_note(t, ITEM_ERROR, "%s", e->err.text);
        }
        if (--r->n_waiting == 0)
            restore(t);
        return true;
    }
    return false;
}

void resume_free(struct resume *r)
{
    if (r == NULL)
        return;
    saved_free(&r->saved);
    free(r->files);
    free(r);
}
