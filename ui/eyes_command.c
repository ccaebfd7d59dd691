#include "ui/eyes_command.h"

#include "ui/paths.h"

#include <string.h>

void eyes_told(const char *how, struct buffer *said)
{
    if (strcmp(how, "words") == 0)
        buffer_print(said, "pictures are told in the detector's words");
    else if (strcmp(how, "rows") == 0)
        buffer_print(said, "pictures are told as rows of the projector");
    else
        buffer_print(said, "%s looks at pictures, and what it says is told beside the detector's words", how);
}

static void list(struct engine *e, struct buffer *said)
{
    const char *name;
    bool present;

    eyes_told(e->eyes, said);
    buffer_print(said, "; /eyes words, rows, NAME or FILE changes it:");
    for (size_t i = 0; (name = e->pair_name(e->self, i, &present)) != NULL; i++)
        buffer_print(said, "\n%s%s", name, present ? "" : " (not here: `mynah pull` fetches it)");
}

bool eyes_command(struct engine *e, const char *argument, uint32_t *request, struct buffer *said)
{
    struct error err = { 0 };
    struct paths paths;

    *request = 0;
    paths_parse(argument, &paths);
    if (paths.n == 0)
        list(e, said);
    else if (paths.n > 2)
        error_set(&err, ERROR_USAGE, "/eyes takes words, rows, a name, or a file and its projector's");
    else
        *request = e->use_eyes(e, paths.items[0], paths.n > 1 ? paths.items[1] : NULL, &err);
    if (err.code != ERROR_NONE)
        buffer_print(said, "%s", err.text);
    paths_free(&paths);
    return err.code == ERROR_NONE;
}
