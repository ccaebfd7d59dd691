#include "ui/editor_parts.h"

#include <stdlib.h>

struct edit {                       /* removed[at...] gave way to inserted */
    size_t at, cursor;              /* cursor: where it stood before */
    struct buffer removed, inserted;
    unsigned group;
};

static void edit_free(struct edit *edit)
{
    buffer_free(&edit->removed);
    buffer_free(&edit->inserted);
}

void edit_log_free(struct edit_log *log)
{
    for (size_t i = 0; i < log->n; i++)
        edit_free(&log->edits[i]);
    free(log->edits);
    *log = (struct edit_log){ 0 };
}

/* Typing and deleting go on where they were: the edit grows instead of another one. */
static bool extend(struct edit *last, size_t at, const char *removed, size_t n_removed, const char *text, size_t n)
{
    if (n_removed == 0 && at == last->at + last->inserted.n)
        buffer_append(&last->inserted, text, n);
    else if (n == 0 && last->inserted.n == 0 && at == last->at)
        buffer_append(&last->removed, removed, n_removed);
    else if (n == 0 && last->inserted.n == 0 && at + n_removed == last->at) {
        buffer_insert(&last->removed, 0, removed, n_removed);
        last->at = at;
    } else {
        return false;
    }
    return true;
}

static void note(struct edit_log *log, size_t cursor, size_t at, const char *removed, size_t n_removed, const char *text, size_t n)
{
    struct edit *last = log->n_done > 0 ? &log->edits[log->n_done - 1] : NULL;

    while (log->n > log->n_done)
        edit_free(&log->edits[--log->n]);
    if (last != NULL && last->group == log->group && extend(last, at, removed, n_removed, text, n))
        return;
    log->edits = array_grow(log->edits, log->n, &log->capacity, sizeof *log->edits);
    struct edit *edit = &log->edits[log->n++];
    *edit = (struct edit){ .at = at, .cursor = cursor, .group = log->group };
    buffer_append(&edit->removed, removed, n_removed);
    buffer_append(&edit->inserted, text, n);
    log->n_done = log->n;
}

static void apply(struct editor *e, size_t from, size_t to, const char *text, size_t n)
{
    bool toggled = e->wrap.n > 0 && editor_wrap_toggles(editor_text(e), from, to);

    buffer_remove(&e->text, from, to - from);
    buffer_insert(&e->text, from, text, n);
    editor_wrap_changed(&e->wrap, editor_text(e), from, to - from, n, toggled);
    e->at = move_settle(editor_text(e), from + n);
    e->has_goal = false;
}

void editor_change(struct editor *e, size_t from, size_t to, const char *text, size_t n)
{
    if (from == to && n == 0)
        return;
    note(&e->log, e->at, from, buffer_text(&e->text) + from, to - from, text, n);
    apply(e, from, to, text, n);
}

/* All that is typed between i and Esc is one step for vi, with what was deleted meanwhile. */
static bool goes_on(const struct editor *e, enum editor_run run)
{
    if (e->vi.on)
        return e->last_run == RUN_TYPED || e->last_run == RUN_DELETED;
    return run == e->last_run && (run == RUN_TYPED || run == RUN_DELETED);
}

void editor_begin(struct editor *e, enum editor_run run)
{
    if (!goes_on(e, run))
        e->log.group++;
    e->run = run;
}

bool editor_undo(struct editor *e)
{
    struct edit_log *log = &e->log;

    if (log->n_done == 0)
        return false;
    for (unsigned group = log->edits[log->n_done - 1].group; log->n_done > 0; log->n_done--) {
        const struct edit *edit = &log->edits[log->n_done - 1];
        if (edit->group != group)
            break;
        apply(e, edit->at, edit->at + edit->inserted.n, buffer_text(&edit->removed), edit->removed.n);
        e->at = edit->cursor;
    }
    log->group++;
    return true;
}

bool editor_redo(struct editor *e)
{
    struct edit_log *log = &e->log;

    if (log->n_done == log->n)
        return false;
    for (unsigned group = log->edits[log->n_done].group; log->n_done < log->n; log->n_done++) {
        const struct edit *edit = &log->edits[log->n_done];
        if (edit->group != group)
            break;
        apply(e, edit->at, edit->at + edit->removed.n, buffer_text(&edit->inserted), edit->inserted.n);
    }
    log->group++;
    return true;
}
