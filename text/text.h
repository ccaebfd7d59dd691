/* text.h - the language model: tokens or embedding rows in, text out.
 *
 *   messages -> chat template -> spans (token ids | rows [n][n_embd])
 *            -> transformer with a KV cache -> logits -> sampler (text/sampler.h) -> token -> bytes
 *
 * Order of calls: text_model_open; text_context_new; then for each answer
 * text_prefill once and text_decode or text_decode_ahead per token.  A model never changes after it is
 * opened and may be shared; a context belongs to one thread.
 * Sources of the maths: docs/models.md. */
#ifndef TEXT_TEXT_H
#define TEXT_TEXT_H

#include "base/error.h"
#include "tensor/compute.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct text_model;
struct text_context;

/* ---- model ---------------------------------------------------------------- */

struct text_model *text_model_open(const char *path, struct error *err);
/* Without its weights: for the functions on tokens alone, of any architecture. */
struct text_model *text_model_open_tokens(const char *path, struct error *err);
void text_model_close(struct text_model *m);                /* NULL is fine */

/* Opens a LoRA adapter (GGUF) for this model; before any context is made of it.  Adapters count from 0
 * in this order and do nothing until text_context_scale_lora.  ERROR_MODEL: not one, or of another model. */
bool text_model_add_lora(struct text_model *m, const char *path, struct error *err);
size_t text_model_n_loras(const struct text_model *m);

struct text_info {
    const char *name;               /* general.name, or the file's name */
    const char *architecture;       /* general.architecture, one of architecture.c */
    size_t n_embd, n_layer, n_vocab, n_ctx_train;
    size_t file_bytes;
    size_t kv_bytes_per_token;      /* F16 cache, all layers */
};
const struct text_info *text_model_info(const struct text_model *m);

/* ---- tokens --------------------------------------------------------------- */

/* Ids of text[0..n_bytes), appended nowhere: *ids is malloc'd, the caller frees.
 * special: control tokens such as <|im_end|> are recognised; only ever true for
 * text of the program's own (the template), never for a user's or a file's. */
bool text_tokenize(const struct text_model *m, const char *text, size_t n_bytes, bool special,
                   int32_t **ids, size_t *n_ids, struct error *err);
/* The same of text that stands after the token `before`, or, TEXT_MIDST, after something else
 * such as rows: some tokenizers write a blank in front of a text that begins or that follows
 * a control token, which text_tokenize takes to be so. */
#define TEXT_MIDST (-2)
bool text_tokenize_after(const struct text_model *m, int32_t before, const char *text, size_t n_bytes, bool special,
                         int32_t **ids, size_t *n_ids, struct error *err);

/* The token that the model wants in front of all others, once, or -1: none. */
int32_t text_bos(const struct text_model *m);
/* The token that the model wants at the end of a whole text (not of a conversation), or -1. */
int32_t text_eos(const struct text_model *m);

/* Bytes of one token, borrowed from the model; may be part of a character.
 * Control tokens give no bytes. */
const char *text_token_bytes(const struct text_model *m, int32_t id, size_t *n_bytes);

bool text_token_ends_answer(const struct text_model *m, int32_t id);

/* Rows [n][n_embd] of the token embedding, for splicing and for tests. */
bool text_embed(const struct text_model *m, const struct compute *c, const int32_t *ids, size_t n,
                float *rows, struct error *err);

/* ---- conversations ---------------------------------------------------------- */

enum text_role { TEXT_SYSTEM, TEXT_USER, TEXT_ASSISTANT };

struct text_content {
    const char *text;               /* [n_bytes]; NULL: a slot, where something else stands (ids, rows) */
    size_t n_bytes;
};
struct text_message {
    enum text_role role;
    const struct text_content *parts;
    size_t n_parts;
};
struct text_chat {
    const struct text_message *messages;
    size_t n_messages;
    bool opens_answer;              /* what opens the next answer is written, too */
    const char *tools;              /* JSON, a list of functions that may be called; NULL: none */
};

/* The conversation as the model's own chat template writes it.  Only what is WRITTEN may hold
 * control tokens; what was SAID, which a template may have trimmed or cut, is tokenised
 * without.  Slots are numbered over all messages and come in order. */
enum text_piece_kind { TEXT_PIECE_WRITTEN, TEXT_PIECE_SAID, TEXT_PIECE_SLOT };
struct text_piece {
    enum text_piece_kind kind;
    const char *text;
    size_t n_bytes;
    size_t slot;
};
struct jinja_run;
struct text_rendering {             /* done by text_rendering_done, also after a failure */
    const struct text_piece *pieces;
    size_t n_pieces;
    struct jinja_run *run;          /* holds the memory */
};
bool text_render(const struct text_model *m, const struct text_chat *chat, struct text_rendering *out, struct error *err);
void text_rendering_done(struct text_rendering *r);
bool text_takes_tools(const struct text_model *m);          /* its template writes what functions there are */
/* False: its template has no system message, whose words come before those of the first question. */
bool text_takes_system(const struct text_model *m);
/* What is written between a question and its answer; borrowed from the model. */
const char *text_answer_opening(const struct text_model *m);

/* ---- evaluation ----------------------------------------------------------- */

/* What the transformer eats: ids, or rows [n][n_embd] when ids is NULL. */
struct text_span {
    const int32_t *ids;
    const float *rows;
    size_t n;
    /* Of rows alone, as their projector says (tensor/media_rows.h). */
    size_t width, height;           /* of a grid in row-major order, n = width height, whose rows have places of their own
                                     * in models whose positions have axes; 0: one after another */
    bool both_ways;                 /* each sees all of them, those behind it too; at most TEXT_BOTH_WAYS_MOST */
};
#define TEXT_BOTH_WAYS_MOST 512

/* Allocates the KV cache for n_ctx positions (0: min(8192, n_ctx_train)) and all
 * scratch.  Memory needed is checked first; *err has the numbers. */
struct text_context *text_context_new(const struct text_model *m, size_t n_ctx, struct error *err);
/* Likewise with keys and values in blocks of Q8_0, which take half the memory (docs/models.md,
 * "The cache"); ERROR_USAGE where the model's heads are no multiple of 32. */
enum text_kv { TEXT_KV_F16, TEXT_KV_Q8_0 };
struct text_context *text_context_new_as(const struct text_model *m, size_t n_ctx, enum text_kv kv, struct error *err);
void text_context_free(struct text_context *x);             /* NULL is fine */
void text_context_clear(struct text_context *x);            /* nothing is kept, as of a new one */
/* From now on adapter i of the model adds scale times what it was trained to; 0, as it starts: nothing, to
 * the bit.  Another scale than before clears the context. */
void text_context_scale_lora(struct text_context *x, size_t i, float scale);
size_t text_context_size(const struct text_context *x);     /* positions in all */
size_t text_context_used(const struct text_context *x);     /* positions filled */
size_t text_context_bytes(const struct text_context *x);

/* Makes the cache hold exactly these spans: the longest prefix that equals what
 * it holds is kept (ids compared by value, rows by bytes), the rest is computed.  What it
 * held of late after a prefix of the spans is put back, a quarter of n_ctx at most: another
 * answer and another branch cost what is new of them.
 * Afterwards *logits [n_vocab] predict the next token; borrowed until the next
 * call.  progress may be NULL; called between chunks with positions done and
 * wanted.  ERROR_INFERENCE when the spans do not fit in the context;
 * ERROR_CANCELLED leaves a valid, shorter cache. */
bool text_prefill(struct text_context *x, const struct compute *c, const struct text_span *spans,
                  size_t n_spans, const float **logits, size_t *n_reused,
                  void (*progress)(void *user, size_t done, size_t total), void *user, struct error *err);

/* Where the cache holds these spans, turns that are left out, from position `from` on, it holds
 * them no more: what stands behind moves up and is kept, keys turned back by as much, which
 * costs far less than to evaluate it again.  It stays as it was computed, having seen what is gone,
 * which a fresh prefill would not show it.  Nothing is done where the cache holds something
 * else there or nothing behind, nor where keys cannot be turned without a loss (Q8_0).  Returns
 * the positions that were moved. */
size_t text_forget(struct text_context *x, const struct compute *c, size_t from, const struct text_span *spans, size_t n_spans);

/* Appends one token and gives the logits for the next.  Allocates nothing. */
bool text_decode(struct text_context *x, const struct compute *c, int32_t id,
                 const float **logits, struct error *err);

/* The same bits as text_decode.  Where the text so far ends as it did before, what came next
 * there may be evaluated along, at most n_more tokens: when these are what is decoded next,
 * their logits are there already, which makes answers that quote faster. */
bool text_decode_ahead(struct text_context *x, const struct compute *c, int32_t id, size_t n_more,
                       const float **logits, struct error *err);

/* Since the last prefill: tokens evaluated ahead, and those of them that were decoded. */
struct text_ahead {
    size_t n_guessed, n_right;
};
struct text_ahead text_context_ahead(const struct text_context *x);

#endif
