/* talk_tree.c - the turns as a tree: the branch that is shown, what of it the engine holds, and
 * what changes it. */
#include "ui/talk_private.h"

#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* ---- the tree -------------------------------------------------------------------------- */

void talk_free_turn(struct talk_turn *turn)
{
    for (size_t i = 0; i < turn->saved.n_files; i++) {
        free(turn->saved.files[i].path);
        free(turn->saved.files[i].sha256);
    }
    free(turn->saved.files);
    free(turn->saved.text);
    free(turn->saved.answer);
    free(turn->saved.model);
    free(turn->files);
}

size_t talk_find(const struct talk *t, int64_t id)
{
    size_t low = 0, high = t->n_turns;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (t->turns[middle].saved.id < id)
            low = middle + 1;
        else
            high = middle;
    }
    return low < t->n_turns && t->turns[low].saved.id == id ? low : SIZE_MAX;
}

struct talk_turn *talk_turn(const struct talk *t, int64_t id)
{
    size_t i = talk_find(t, id);

    return i != SIZE_MAX ? &t->turns[i] : NULL;
}

struct talk_turn *talk_head(const struct talk *t)
{
    return t->n_branch > 0 ? &t->turns[t->branch[t->n_branch - 1]] : NULL;
}

int64_t talk_head_id(const struct talk *t)
{
    return t->n_branch > 0 ? talk_head(t)->saved.id : 0;
}

size_t talk_sibling(const struct talk *t, int64_t id, size_t *n)
{
    const struct talk_turn *turn = talk_turn(t, id), *parent = turn != NULL ? talk_turn(t, turn->saved.parent) : NULL;

    *n = turn == NULL ? 0 : parent != NULL ? parent->n_children : t->n_roots;
    return turn != NULL ? turn->i_sibling : 0;
}

/* Children follow their parent: one pass counts all. */
static void count_children(struct talk *t)
{
    t->n_roots = 0;
    for (size_t i = 0; i < t->n_turns; i++) {
        struct talk_turn *turn = &t->turns[i], *parent = talk_turn(t, turn->saved.parent);
        turn->n_children = 0;
        turn->newest_child = 0;
        turn->i_sibling = parent != NULL ? parent->n_children++ : t->n_roots++;
        if (parent != NULL)
            parent->newest_child = turn->saved.id;
    }
}

/* The branch from its first turn to `head`. */
void talk_set_branch(struct talk *t, int64_t head)
{
    count_children(t);
    t->n_branch = 0;
    for (size_t i = talk_find(t, head); i != SIZE_MAX; i = talk_find(t, t->turns[i].saved.parent)) {
        t->branch = array_grow(t->branch, t->n_branch, &t->branch_capacity, sizeof *t->branch);
        t->branch[t->n_branch++] = i;
    }
    for (size_t i = 0; i < t->n_branch / 2; i++) {
        size_t other = t->branch[i];
        t->branch[i] = t->branch[t->n_branch - 1 - i];
        t->branch[t->n_branch - 1 - i] = other;
    }
}

/* The end of the branch on which its newest turns are. */
static int64_t newest_below(const struct talk *t, int64_t id)
{
    const struct talk_turn *turn = talk_turn(t, id);

    while (turn != NULL && turn->newest_child != 0) {
        id = turn->newest_child;
        turn = talk_turn(t, id);
    }
    return id;
}

/* ---- telling the engine ------------------------------------------------------------------ */

static void attach_file(struct talk *t, struct talk_turn *turn, size_t i)
{
    const struct session_file *file = &turn->saved.files[i];
    char sha256[SHA256_HEX] = "";

    if (!sha256_file(file->path, sha256, NULL) || strcmp(sha256, file->sha256) != 0) {
        turn->files[i].gone = true;
        return;
    }
    turn->files[i].request = t->engine->attach(t->engine->self, file->path);
    t->n_waiting++;
}

bool talk_is_wanted(const struct talk_turn *turn)
{
    return turn->in_engine || (turn->saved.answer != NULL && !turn->saved.left_out);
}

void talk_add_told(struct talk *t, struct talk_turn *turn)
{
    t->told = array_grow(t->told, t->n_told, &t->told_capacity, sizeof *t->told);
    t->told[t->n_told++] = turn->saved.id;
    turn->in_engine = true;
}

static uint32_t *attachment_ids(const struct talk *t, const struct talk_turn *turn, size_t *n)
{
    uint32_t *ids = NULL;
    size_t capacity = 0;

    *n = 0;
    for (size_t i = 0; i < turn->saved.n_files; i++)
        if (turn->files[i].attachment != NULL) {
            ids = array_grow(ids, *n, &capacity, sizeof *ids);
            ids[(*n)++] = t->engine->attachment(turn->files[i].attachment).id;
        }
    return ids;
}

static void tell_turn(struct talk *t, struct talk_turn *turn)
{
    struct turn told = { .task = TURN_CHAT, .text = turn->saved.text };
    uint32_t *ids = attachment_ids(t, turn, &told.n_attachments);

    told.attachments = ids;
    t->engine->restore(t->engine->self, &told, turn->saved.answer);
    free(ids);
    talk_add_told(t, turn);
}

/* Forgets in the engine what is no longer on the branch; returns the place on the branch
 * behind what it holds. */
static size_t rewind_to_branch(struct talk *t)
{
    size_t n_kept = 0, place = 0;

    for (size_t i = 0; i < t->n_branch && n_kept < t->n_told; i++) {
        const struct talk_turn *turn = &t->turns[t->branch[i]];
        if (!talk_is_wanted(turn))
            continue;
        if (turn->saved.id != t->told[n_kept])
            break;
        n_kept++;
        place = i + 1;
    }
    if (n_kept == t->n_told)
        return place;
    for (size_t i = n_kept; i < t->n_told; i++) {
        struct talk_turn *turn = talk_turn(t, t->told[i]);
        if (turn != NULL)
            turn->in_engine = false;
    }
    t->engine->rewind(t->engine->self, n_kept);
    t->n_told = n_kept;
    return place;
}

/* Makes the engine hold the branch: files first, then, when the last was read, the turns. */
void talk_tell(struct talk *t)
{
    size_t place = rewind_to_branch(t);

    for (size_t i = place; i < t->n_branch; i++) {
        struct talk_turn *turn = &t->turns[t->branch[i]];
        bool asked_again = i + 1 == t->n_branch && turn->saved.answer == NULL;
        for (size_t k = 0; (talk_is_wanted(turn) || asked_again) && k < turn->saved.n_files; k++)
            if (turn->files[k].attachment == NULL && !turn->files[k].gone && turn->files[k].request == 0)
                attach_file(t, turn, k);
    }
    for (size_t i = place; t->n_waiting == 0 && i < t->n_branch; i++)
        if (talk_is_wanted(&t->turns[t->branch[i]]))
            tell_turn(t, &t->turns[t->branch[i]]);
}

bool talk_waits(const struct talk *t)
{
    return t->n_waiting > 0;
}

/* The engine is told what stands before the question, and nothing else. */
void talk_stand_below(struct talk *t, int64_t parent)
{
    talk_set_branch(t, parent);
    talk_tell(t);
}

/* ---- changing the tree ------------------------------------------------------------------------- */

static int64_t newest_root(const struct talk *t)
{
    size_t i = t->n_turns;

    while (i-- > 0)
        if (t->turns[i].saved.parent == 0)
            return t->turns[i].saved.id;
    return 0;
}

/* The last turn of the branch is gone: what stands beside it is shown, else what stood before. */
static void show_beside(struct talk *t, int64_t parent)
{
    struct error err;
    const struct talk_turn *before = talk_turn(t, parent);
    int64_t beside = before != NULL ? before->newest_child : newest_root(t);
    int64_t head = beside != 0 ? newest_below(t, beside) : parent;

    if (talk_saves(t))
        talk_note_failure(t, sessions_set_head(t->sessions, t->session, head, &err), &err);
    talk_set_branch(t, head);
}

void talk_remove(struct talk *t, int64_t id)
{
    struct error err;
    size_t at = talk_find(t, id);
    int64_t head = talk_head_id(t);

    if (at == SIZE_MAX)
        return;
    int64_t parent = t->turns[at].saved.parent;
    if (talk_saves(t))
        talk_note_failure(t, sessions_remove_turn(t->sessions, id, &err), &err);
    for (size_t i = 0; i < t->n_turns; i++)
        if (t->turns[i].saved.parent == id)
            t->turns[i].saved.parent = parent;
    talk_free_turn(&t->turns[at]);
    memmove(&t->turns[at], &t->turns[at + 1], (--t->n_turns - at) * sizeof *t->turns);
    talk_set_branch(t, head);
    if (head == id)
        show_beside(t, parent);
    talk_tell(t);
}

void talk_switch(struct talk *t, int64_t id, int direction)
{
    struct error err;
    size_t n, wanted = talk_sibling(t, id, &n) + (size_t)direction;
    const struct talk_turn *turn = talk_turn(t, id);

    for (size_t i = 0; turn != NULL && wanted < n && i < t->n_turns; i++) {
        if (t->turns[i].saved.parent != turn->saved.parent || t->turns[i].i_sibling != wanted)
            continue;
        int64_t head = newest_below(t, t->turns[i].saved.id);
        if (talk_saves(t))
            talk_note_failure(t, sessions_set_head(t->sessions, t->session, head, &err), &err);
        talk_stand_below(t, head);
        return;
    }
}

void talk_leave_out(struct talk *t, const size_t *i, size_t n)
{
    struct error err;
    int64_t *ids = calloc(n + 1, sizeof *ids);
    size_t n_ids = 0;

    if (ids == NULL)
        abort();
    for (size_t k = 0; k < n; k++) {
        struct talk_turn *turn = i[k] < t->n_told ? talk_turn(t, t->told[i[k]]) : NULL;
        if (turn == NULL || turn->saved.left_out)
            continue;
        turn->saved.left_out = true;
        ids[n_ids++] = turn->saved.id;
    }
    if (n_ids > 0 && talk_saves(t))
        talk_note_failure(t, sessions_leave_out(t->sessions, ids, n_ids, true, &err), &err);
    free(ids);
}
