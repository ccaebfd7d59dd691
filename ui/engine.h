/* engine.h - what answers the chat: the session's calls behind one seam.
 *
 * engine_session_new is the product; its calls are those of fusion/session.h.
 *
 * engine_echo_new stands in for a model in tests of the chat (`--engine echo`): the same
 * calls, numbering and events, a tick of MYNAH_ECHO_MS (default 20, 0: at once) between two
 * events.  It opens and refuses files for real, 4096 bytes a tick, and shows a
 * gradient or a sine for them.  It says a prompt back word by word, but for these:
 *   say TEXT        TEXT as it is           cut TEXT     its first half, ends `cut`; continuing says the rest
 *   count N         1 2 3 ... N             bytes HEX    these bytes in pieces of 1, 2, 3, 1, ... bytes
 *   fail [TEXT]     SESSION_FAILED          note TEXT    a note, then TEXT
 *   wait            thinks until stopped    settings     what was configured, name value ...
 * Of sound it hears "word1 word2 ...", one every quarter of a second, ten a line; with MYNAH_ECHO_DEAF
 * it lacks the model for that.  A token is a word between blanks, an attachment takes 10, an answer also as many as it has
 * pieces.  The context holds MYNAH_ECHO_CONTEXT (default 8192) tokens, of which
 * min(512, a quarter) are for the answer; turns are left out until the prompt fits, the oldest without
 * attachments first.  Models: echo; echo-large, a context four times as large; echo-broken,
 * which fails to load; echo-missing, which is not there.  Of pairs there is echo-eyes, which says nothing. */
#ifndef UI_ENGINE_H
#define UI_ENGINE_H

#include "fusion/session.h"

struct models;

/* An attachment as the chat shows it; strings are borrowed from the engine. */
struct engine_attachment {
    uint32_t id;
    enum attachment_kind kind;
    const char *path, *name, *summary, *details;
    size_t n_tokens;
    const struct preview *preview;
    const char *sha256;
    size_t n_said, said_at;         /* lines of what is said in a clip, and where they begin in details */
};

struct engine {
    void *self;
    const char *model;              /* as the status line names it; changes by use_model, and back when that fails */
    int event_fd;
    uint32_t (*attach)(void *self, const char *path);
    uint32_t (*correct)(void *self, uint32_t attachment, size_t i, const char *text);
    uint32_t (*preview)(void *self, const char *path);
    uint32_t (*listen)(void *self);
    void (*hear)(void *self, const float *samples, size_t n);
    void (*listen_end)(void *self, bool keep);
    uint32_t (*ask)(void *self, const struct turn *turn);
    uint32_t (*measure)(void *self, const struct turn *turn);
    void (*restore)(void *self, const struct turn *turn, const char *answer);
    void (*clear)(void *self);
    void (*rewind)(void *self, size_t n_turns);
    void (*scale_lora)(void *self, size_t i, float scale);
    void (*configure)(void *self, const struct session_settings *settings);
    /* A manifest name or a path; 0 and *err when there is no such model here. */
    uint32_t (*use_model)(struct engine *e, const char *name, struct error *err);
    /* The i-th name that use_model takes, for completion; NULL behind the last. */
    const char *(*model_name)(void *self, size_t i, bool *present);
    const char *eyes;               /* how pictures are told: "words", "rows", or the name of who looks */
    /* words, rows, auto, a pair's name or file; mmproj: of its projector, NULL: the one that goes with it.  SESSION_EYES
     * follows; 0 and *err when there is no such pair here. */
    uint32_t (*use_eyes)(struct engine *e, const char *how, const char *mmproj, struct error *err);
    const char *(*pair_name)(void *self, size_t i, bool *present);     /* as model_name, of those that see */
    void (*cancel)(void *self);
    bool (*poll)(void *self, struct session_event *event);
    struct engine_attachment (*attachment)(const struct attachment *a);
    struct said_line (*said)(const struct attachment *a, size_t i);
    char *(*transcript)(const struct attachment *a, const char *format);
    size_t (*citations)(const char *answer, const struct attachment *const *clips, size_t n_clips, struct citation *citations, size_t most);
    void (*free)(struct engine *e);
};

struct engine *engine_session_new(const struct session_params *params, const struct models *models, struct error *err);
struct engine *engine_echo_new(struct error *err);
void engine_free(struct engine *e);                         /* NULL is fine */

#endif
