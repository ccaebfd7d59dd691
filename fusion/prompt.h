/* prompt.h - a conversation as what the transformer eats.
 *
 *   exchanges -> pieces (opens | text | ids | rows | closes) -> the model's chat template -> spans
 *
 * Pieces know nothing of a model: they say which words are the template's own and
 * which are somebody's.  Only the template's are tokenised with control tokens
 * on, so nothing that a user, a file name, a transcript or an image says can open
 * or close a turn.  Media stand before the text of their turn.
 *
 * What eyes said of a picture that is told in words (fusion/looker.h) stands in its brackets; what they answered about one
 * of the turns before, in brackets of its own.
 *
 * A picture that has rows (vision/projector.h) stands as these, and there are no worked
 * turns, as projectors are trained:
 *   system: "You are mynah, an assistant that sees pictures."[, "\n", the user's own]
 *   user:   rows, "\n" of each picture, then what of the rest is told in brackets, the question
 *   assistant: of a description, "The image shows"
 * A pair of a text model and a projector that was published for it brings its own markers
 * (tensor/media_rows.h): there is no system message of ours then, no line break after the
 * rows, and no answer is begun. */
#ifndef FUSION_PROMPT_H
#define FUSION_PROMPT_H

#include "fusion/attachment.h"
#include "text/text.h"

/* ---- a turn as it is remembered --------------------------------------------- */

struct exchange_media {
    const struct attachment *attachment;
    size_t n_segments;              /* of the transcript that are told; SIZE_MAX: all */
    bool in_words;                  /* though it has rows */
};

/* A picture that eyes were asked about with the question of a turn, of that turn or, `before`, of those before. */
struct exchange_glance {
    uint32_t attachment;            /* its id */
    bool before;
    char *name;                     /* of its file */
    char *eyes, *words;             /* words NULL: they answered nothing that can be told */
};

struct exchange {
    enum turn_task task;
    char *text;                     /* never NULL */
    char language[16];
    struct exchange_media *media;
    size_t n_media;
    struct exchange_glance *glances;
    size_t n_glances;
    bool without_eyes;              /* what eyes said is not told: it does not fit */
    char *answer;                   /* NULL: none came */
    int32_t *answer_ids;            /* as generated, so that the cache is found again; NULL: tokenise `answer` */
    size_t n_answer_ids;
    bool has_form;                  /* the answer keeps to a grammar: it is not begun for the model */
    bool dropped;                   /* no longer told */
    size_t dropped_at;              /* the number of exchanges when it was dropped */
    size_t n_tokens;                /* a memo of count_exchange, fit.h; 0: not counted */
    size_t fitted_to;               /* a memo: what fit_question was last asked for; 0: never */
};
void exchange_done(struct exchange *e);
/* All strings are copied; words may be NULL. */
bool exchange_add_glance(struct exchange *e, const struct attachment *a, bool before, const char *eyes, const char *words, struct error *err);

/* ---- pieces ------------------------------------------------------------------- */

enum piece_kind { PIECE_OPEN, PIECE_CLOSE, PIECE_TEXT, PIECE_MARKER, PIECE_IDS, PIECE_ROWS };

struct piece {
    enum piece_kind kind;
    enum text_role role;            /* of PIECE_OPEN and PIECE_CLOSE */
    char *text;                     /* of PIECE_TEXT, owned; of PIECE_MARKER: a projector's own, with control tokens, owned */
    const int32_t *ids;             /* of PIECE_IDS, borrowed */
    size_t n_ids;
    struct text_span rows;          /* of PIECE_ROWS, borrowed */
};

struct script {                     /* starts as { 0 } */
    struct piece *pieces;
    size_t n_pieces, capacity;
    const char *tools;              /* JSON, a list of functions that the answer may call; NULL: none; borrowed */
    bool failed;                    /* memory ran out */
};
void script_done(struct script *s);

/* The system message of a chat; `system` NULL: ours.  With worked turns about an image
 * in the language of `about`, a turn with an image; NULL, or when that has rows: none. */
void script_system(struct script *s, const char *system, const struct exchange *about);
/* The person's message, media first. */
void script_question(struct script *s, const struct exchange *e);
void script_open_answer(struct script *s);
/* The same short question for any turn: to find out what stands before it. */
void script_mark(struct script *s);
/* The answer as far as it came: it may go on. */
void script_answer_so_far(struct script *s, const struct exchange *e);
/* The answer after its opening, and its close; then the next question may follow. */
void script_answer(struct script *s, const struct exchange *e);

/* English name of the language that the description is translated into; NULL: we have words in it. */
const char *exchange_translated_into(const struct exchange *e);

/* A whole description prompt: system, worked turns (not before rows), the question, the answer
 * opened; or of the translation of one, which is told in words.  *begun is the text that opens the answer, static; it is in the script.
 * When e has an answer, that stands in its place and *begun is ""; for one that has a form, nothing does. */
void script_describe(struct script *s, const char *system, const struct exchange *e, const char **begun);

bool text_has_hangul(const char *text);
bool exchange_has(const struct exchange *e, enum attachment_kind kind);
bool exchange_has_rows(const struct exchange *e);           /* of a picture */
bool exchange_has_eyes(const struct exchange *e);           /* something that eyes said is told */

#endif
