#include "text/chat_template.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "text/chat_family.h"
#include "text/chat_messages.h"

struct dialect {                    /* a template, and what it was found to refuse */
    struct jinja_template *jinja;   /* NULL: cannot be run */
    struct chat_limits limits;
    char *opening;
    bool takes_tools;
};

struct chat_template {
    const struct chat_family *family;
    struct dialect own, known;      /* the model's; the family's */
    char *bos, *eos, *path;
    atomic_flag said;               /* that the model's own failed: once is enough */
};

/* ---- rendering ------------------------------------------------------------------------- */

static struct jinja_value variables(struct jinja_run *r, const struct chat_template *c, const struct text_chat *chat,
                                    const struct chat_limits *limits)
{
    struct jinja_value v = jinja_dict(r, JINJA_DICT);
    struct jinja_value tools = chat->tools != NULL ? jinja_from_json(r, chat->tools, strlen(chat->tools), JINJA_FROM_CONTENT)
                             : limits->lists_tools ? jinja_list(r, JINJA_LIST) : jinja_none();
    struct jinja_value messages = chat_messages(r, chat, limits);

    if (r->failed)
        return v;
    jinja_dict_set_text(r, v.dict, "messages", messages);
    jinja_dict_set_text(r, v.dict, "tools", tools);
    jinja_dict_set_text(r, v.dict, "documents", jinja_none());
    jinja_dict_set_text(r, v.dict, "add_generation_prompt", jinja_bool(chat->opens_answer));
    jinja_dict_set_text(r, v.dict, "bos_token", jinja_text(r, c->bos));
    jinja_dict_set_text(r, v.dict, "eos_token", jinja_text(r, c->eos));
    jinja_dict_set_text(r, v.dict, "enable_thinking", jinja_bool(false));
    return v;
}

static bool render(const struct chat_template *c, const struct dialect *d, const struct chat_limits *limits,
                   const struct text_chat *chat, time_t now, struct text_rendering *out, struct error *err)
{
    size_t n_slots, n_bytes = chat_content_bytes(chat, &n_slots);
    struct text_piece *pieces = NULL;

    *out = (struct text_rendering){ .run = jinja_run_new(n_bytes + (chat->tools != NULL ? strlen(chat->tools) : 0), now, err) };
    if (out->run == NULL)
        return false;
    struct jinja_value v = variables(out->run, c, chat, limits);
    const struct jinja_string *text = out->run->failed ? NULL : jinja_render(d->jinja, out->run, v.dict);
    if (text != NULL && chat_pieces(out->run, text, n_slots, d->opening != NULL ? d->opening : "", &pieces, &out->n_pieces)) {
        out->pieces = pieces;
        return true;
    }
    text_rendering_done(out);
    return false;
}

void text_rendering_done(struct text_rendering *r)
{
    jinja_run_free(r->run);
    *r = (struct text_rendering){ 0 };
}

/* As it was found to work; or folded all the same. */
static bool render_either_way(const struct chat_template *c, const struct dialect *d, const struct text_chat *chat, time_t now,
                              struct text_rendering *out, struct error *err)
{
    const struct chat_limits folded = { true, true, d->limits.as_parts, d->limits.lists_tools };

    return render(c, d, &d->limits, chat, now, out, err) || render(c, d, &folded, chat, now, out, NULL);
}

bool chat_template_render(struct chat_template *c, const struct text_chat *chat, time_t now, struct text_rendering *out,
                          struct error *err)
{
    struct error why = { 0 };

    if (c->own.jinja != NULL) {
        if (render_either_way(c, &c->own, chat, now, out, &why))
            return true;
        if (!atomic_flag_test_and_set(&c->said))
            log_warning("%s: its chat template does not write this conversation (%s); it is written as %s", c->path, why.text,
                        c->family->name);
    }
    return render_either_way(c, &c->known, chat, now, out, err);
}

/* ---- trying ------------------------------------------------------------------------------ */

/* Roles by letter, each with a slot for contents. */
static bool try(const struct chat_template *c, struct dialect *d, const char *roles, struct error *err)
{
    static const struct text_content slot = { NULL, 0 };
    struct text_message messages[4];
    struct text_chat chat = { .messages = messages, .opens_answer = true };
    struct text_rendering out;

    for (; roles[chat.n_messages] != '\0'; chat.n_messages++) {
        char role = roles[chat.n_messages];
        messages[chat.n_messages] = (struct text_message){ role == 's' ? TEXT_SYSTEM : role == 'u' ? TEXT_USER : TEXT_ASSISTANT, &slot, 1 };
    }
    if (!render(c, d, &d->limits, &chat, 0, &out, err))
        return false;
    const struct text_piece *last = &out.pieces[out.n_pieces - 1];
    if (d->opening == NULL)
        d->opening = last->kind == TEXT_PIECE_WRITTEN ? strndup(last->text, last->n_bytes) : strdup("");
    text_rendering_done(&out);
    return true;
}

/* A function's name comes out as something given. */
static bool find_tools(const struct chat_template *c, struct dialect *d)
{
    static const struct text_content slot = { NULL, 0 };
    static const struct text_message messages[] = { { TEXT_SYSTEM, &slot, 1 }, { TEXT_USER, &slot, 1 } };
    const struct text_chat chat = { messages, 2, true, "[{\"type\": \"function\", \"function\": {\"name\": \"f\", "
                                    "\"description\": \"f\", \"parameters\": {\"type\": \"object\", \"properties\": {}}}}]" };
    struct text_rendering out;
    bool found = false;

    if (!render(c, d, &d->limits, &chat, 0, &out, NULL))
        return false;
    for (size_t i = 0; i < out.n_pieces; i++)
        found |= out.pieces[i].kind == TEXT_PIECE_SAID && memchr(out.pieces[i].text, 'f', out.pieces[i].n_bytes) != NULL;
    text_rendering_done(&out);
    return found;
}

/* One question, in the first form that it takes; *err: of the usual one. */
static bool find_form(const struct chat_template *c, struct dialect *d, struct error *err)
{
    for (unsigned form = 0; form < 4; form++) {
        d->limits.as_parts = form & 1;
        d->limits.lists_tools = form & 2;
        if (try(c, d, "u", form == 0 ? err : NULL))
            return true;
    }
    return false;
}

static bool find_limits(const struct chat_template *c, struct dialect *d, struct error *err)
{
    if (!find_form(c, d, err) || !try(c, d, "uau", err))
        return false;
    d->limits.folds_system = !try(c, d, "su", NULL);
    d->limits.merges = !try(c, d, "uu", NULL);
    d->takes_tools = find_tools(c, d);
    return true;
}

static bool open_dialect(const struct chat_template *c, struct dialect *d, const char *source, struct error *err)
{
    d->jinja = jinja_template_new(source, strlen(source), err);
    if (d->jinja != NULL && find_limits(c, d, err))
        return true;
    jinja_template_free(d->jinja);
    d->jinja = NULL;
    return false;
}

/* ---- opening ------------------------------------------------------------------------------- */

static void say_family(const struct chat_template *c, const char *jinja, const struct error *why)
{
    if (jinja == NULL)
        log_warning("%s: the file brings no chat format (a base model?); turns are written as plain \"User:\" and \"Assistant:\", "
                    "and answers may be poor", c->path);
    else if (strcmp(c->family->name, "plain") == 0)
        log_warning("%s: its chat template cannot be run (%s), and it is of no known family; turns are written as plain \"User:\" "
                    "and \"Assistant:\", and answers may be poor", c->path, why->text);
    else
        log_warning("%s: its chat template cannot be run (%s); turns are written as %s, which it looks like", c->path, why->text,
                    c->family->name);
}

struct chat_template *chat_template_open(const struct chat_template_source *source, const struct tokenizer *t,
                                         struct error *err)
{
    struct chat_template *c = calloc(1, sizeof *c);
    struct error why = { 0 };

    if (c != NULL) {
        atomic_flag_clear(&c->said);
        c->bos = strdup(source->bos);
        c->eos = strdup(source->eos);
        c->path = strdup(source->path);
        c->family = chat_family_of(source->jinja, t);
    }
    if (c == NULL || c->bos == NULL || c->eos == NULL || c->path == NULL || !open_dialect(c, &c->known, c->family->source, err)) {
        chat_template_close(c);
        error_set(err, ERROR_INFERENCE, "%s: no memory for its chat template", source->path);
        return NULL;
    }
    if (source->jinja == NULL || !open_dialect(c, &c->own, source->jinja, &why))
        say_family(c, source->jinja, &why);
    return c;
}

static void close_dialect(struct dialect *d)
{
    jinja_template_free(d->jinja);
    free(d->opening);
}

void chat_template_close(struct chat_template *c)
{
    if (c == NULL)
        return;
    close_dialect(&c->own);
    close_dialect(&c->known);
    free(c->bos);
    free(c->eos);
    free(c->path);
    free(c);
}

const char *chat_template_name(const struct chat_template *c)
{
    return c->own.jinja != NULL ? "jinja" : c->family->name;
}

bool chat_template_takes_tools(const struct chat_template *c)
{
    return c->own.jinja != NULL && c->own.takes_tools;
}

bool chat_template_takes_system(const struct chat_template *c)
{
    return !(c->own.jinja != NULL ? &c->own : &c->known)->limits.folds_system;
}

const char *chat_template_opening(const struct chat_template *c)
{
    const struct dialect *d = c->own.jinja != NULL ? &c->own : &c->known;

    return d->opening != NULL ? d->opening : "";
}
