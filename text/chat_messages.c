#include "text/chat_messages.h"

#include <string.h>

#include "base/utf8.h"

enum { SLOT_FIRST = 0x100000, SLOTS_MOST = 0xFFFD, SLOT_BYTES = 4 };    /* a private plane */

size_t chat_content_bytes(const struct text_chat *chat, size_t *n_slots)
{
    size_t n = 0;

    *n_slots = 0;
    for (size_t i = 0; i < chat->n_messages; i++)
        for (size_t k = 0; k < chat->messages[i].n_parts; k++) {
            n += chat->messages[i].parts[k].n_bytes + SLOT_BYTES;
            *n_slots += chat->messages[i].parts[k].text == NULL;
        }
    return n;
}

/* ---- to the template --------------------------------------------------------------- */

struct writing {
    struct jinja_run *r;
    const struct chat_limits *limits;
    struct jinja_list *list;
    struct jinja_builder content;   /* of the message at hand */
    enum text_role role;
    bool open;                      /* a message is at hand */
    size_t n_slots;
};

static void add_content(struct writing *w, const char *text, size_t n)
{
    struct jinja_value said = jinja_copy(w->r, text, n, JINJA_FROM_CONTENT);

    if (said.kind == JINJA_STRING)
        jinja_add_string(w->r, &w->content, said.string);
}

static void add_slot(struct writing *w)
{
    static const uint8_t from[SLOT_BYTES] = { JINJA_FROM_SLOT, JINJA_FROM_SLOT, JINJA_FROM_SLOT, JINJA_FROM_SLOT };
    char mark[4];

    if (w->n_slots == SLOTS_MOST)
        jinja_fail(w->r, "more than %d answers and pictures", SLOTS_MOST);
    utf8_encode((uint32_t)(SLOT_FIRST + w->n_slots++), mark);
    jinja_add(w->r, &w->content, mark, SLOT_BYTES, from);
}

static struct jinja_value content_value(struct writing *w)
{
    struct jinja_value text = jinja_built(w->r, &w->content), parts, part;

    if (!w->limits->as_parts)
        return text;
    parts = jinja_list(w->r, JINJA_LIST);
    part = jinja_dict(w->r, JINJA_DICT);
    if (w->r->failed)
        return text;
    jinja_dict_set_text(w->r, part.dict, "type", jinja_text(w->r, "text"));
    jinja_dict_set_text(w->r, part.dict, "text", text);
    jinja_list_add(w->r, parts.list, part);
    return parts;
}

static void close_message(struct writing *w)
{
    static const char *const roles[] = { "system", "user", "assistant" };
    struct jinja_value message = jinja_dict(w->r, JINJA_DICT);

    if (!w->open || w->r->failed)
        return;
    jinja_dict_set_text(w->r, message.dict, "role", jinja_text(w->r, roles[w->role]));
    jinja_dict_set_text(w->r, message.dict, "content", content_value(w));
    jinja_list_add(w->r, w->list, message);
    w->content = (struct jinja_builder){ 0 };
    w->open = false;
}

static void add_message(struct writing *w, const struct text_message *m, bool was_system)
{
    bool joined = w->open && ((w->limits->folds_system && was_system) || (w->limits->merges && m->role == w->role));

    if (joined)
        add_content(w, "\n\n", 2);
    else
        close_message(w);
    w->open = true;
    w->role = w->limits->folds_system && m->role == TEXT_SYSTEM ? TEXT_USER : m->role;
    for (size_t i = 0; i < m->n_parts; i++)
        if (m->parts[i].text != NULL)
            add_content(w, m->parts[i].text, m->parts[i].n_bytes);
        else
            add_slot(w);
}

struct jinja_value chat_messages(struct jinja_run *r, const struct text_chat *chat, const struct chat_limits *limits)
{
    struct jinja_value list = jinja_list(r, JINJA_LIST);
    struct writing w = { .r = r, .limits = limits, .list = list.list };

    for (size_t i = 0; i < chat->n_messages && !r->failed; i++)
        add_message(&w, &chat->messages[i], i > 0 && chat->messages[i - 1].role == TEXT_SYSTEM);
    close_message(&w);
    return r->failed ? jinja_undefined(NULL) : list;
}

/* ---- from the template --------------------------------------------------------------- */

static uint8_t from_at(const struct jinja_string *text, size_t at)
{
    return text->from != NULL ? text->from[at] : JINJA_FROM_TEMPLATE;
}

static bool ends_with(const struct text_piece *piece, const char *end)
{
    size_t n = strlen(end);

    return n > 0 && n <= piece->n_bytes && memcmp(piece->text + piece->n_bytes - n, end, n) == 0;
}

/* A blank in front of contents is made into tokens with them, as in a whole text. */
static void settle_blank(struct text_piece *before, struct text_piece *piece, const char *opening)
{
    struct text_piece shorter = *before;

    if (before->kind != TEXT_PIECE_WRITTEN || before->n_bytes < 2 || before->text[before->n_bytes - 1] != ' ')
        return;
    shorter.n_bytes--;
    if (piece->kind == TEXT_PIECE_SAID && piece->text == before->text + before->n_bytes && piece->text[0] != ' ' &&
        piece->text[0] != '\n') {
        *before = shorter;
        piece->text--;
        piece->n_bytes++;
    } else if (piece->kind == TEXT_PIECE_SLOT && ends_with(&shorter, opening)) {
        *before = shorter;
    }
}

static bool slot_of(struct jinja_run *r, const struct jinja_string *text, size_t at, size_t wanted, struct text_piece *piece)
{
    uint32_t code = 0;

    if (at + SLOT_BYTES <= text->n)
        utf8_decode(text->bytes + at, SLOT_BYTES, &code);
    if (code != SLOT_FIRST + wanted)
        return jinja_fail(r, "the template changes, repeats or leaves out what was said");
    *piece = (struct text_piece){ .kind = TEXT_PIECE_SLOT, .text = text->bytes + at, .slot = wanted };
    return true;
}

bool chat_pieces(struct jinja_run *r, const struct jinja_string *text, size_t n_slots, const char *opening,
                 struct text_piece **pieces, size_t *n_pieces)
{
    size_t n_runs = 0, n = 0, n_seen = 0;

    for (size_t at = 0; at < text->n; at++)
        n_runs += at == 0 || from_at(text, at) != from_at(text, at - 1);
    *pieces = jinja_alloc(r, (n_runs + n_slots + 1) * sizeof **pieces);
    for (size_t at = 0, end; at < text->n && *pieces != NULL; at = end) {
        struct text_piece *piece = *pieces + n++;
        uint8_t from = from_at(text, at);
        end = at + 1;
        if (from == JINJA_FROM_SLOT) {
            if (!slot_of(r, text, at, n_seen, piece))
                return false;
            n_seen++;
            end = at + SLOT_BYTES;
        } else {
            while (end < text->n && from_at(text, end) == from)
                end++;
            *piece = (struct text_piece){ from == JINJA_FROM_CONTENT ? TEXT_PIECE_SAID : TEXT_PIECE_WRITTEN, text->bytes + at,
                                          end - at, 0 };
        }
        if (n > 1)
            settle_blank(piece - 1, piece, opening);
    }
    *n_pieces = n;
    return *pieces != NULL && (n_seen == n_slots || jinja_fail(r, "the template leaves out what was said"));
}
