/* doctor_place.c - where mynah runs: terminal, clipboard, settings, conversations. */
#include "ui/doctor.h"

#include "base/folder.h"
#include "store/sessions.h"
#include "ui/config.h"
#include "ui/picture.h"
#include "ui/term.h"

#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *variable(const char *name)
{
    const char *value = getenv(name);

    return value != NULL ? value : "";
}

static void tell_locale(const struct options *o)
{
    bool good = setlocale(LC_CTYPE, "") != NULL && strcmp(nl_langinfo(CODESET), "UTF-8") == 0;

    if (good)
        doctor_tell(o, DOCTOR_OK, "locale", "%s, UTF-8", setlocale(LC_CTYPE, NULL));
    else
        doctor_tell(o, DOCTOR_NOTE, "locale", "not UTF-8; the chat uses C.UTF-8 all the same. `export LANG=C.UTF-8` lets other programs agree");
}

void doctor_terminal(const struct options *o)
{
    static const char *const pictures[] = { "not shown", "shown as blocks", "shown by sixel", "shown by kitty's protocol" };
    const char *name = variable("TERM");
    int n_colors = *name != '\0' ? term_colors_of(name) : -1;
    bool no_color = *variable("NO_COLOR") != '\0';
    struct error err;

    if (*name == '\0' || strcmp(name, "dumb") == 0)
        doctor_tell(o, DOCTOR_NOTE, "terminal", "TERM is %s: `mynah` chats as lines here; `export TERM=xterm-256color` tells of a usual terminal",
                    *name == '\0' ? "not set" : name);
    else if (n_colors < 0)
        doctor_tell(o, DOCTOR_MISSING, "terminal", "TERM is %s, which is not known here; `export TERM=xterm`, or chat by `mynah --plain`", name);
    else
        doctor_tell(o, DOCTOR_OK, "terminal", "%s, %d colours%s; pictures are %s", name, n_colors,
                    no_color ? ", none used: NO_COLOR is set" : "", pictures[picture_choose(o->config->preview, no_color ? 0 : n_colors)]);
    if (!term_usable(&err))
        doctor_tell(o, DOCTOR_NOTE, "chat", "%s", err.text);
    tell_locale(o);
}

static bool is_program(const char *name)
{
    const char *path = variable("PATH");
    bool found = false;

    for (size_t n; *path != '\0' && !found; path += n + (path[n] == ':')) {
        char *file = NULL;
        n = strcspn(path, ":");
        found = asprintf(&file, "%.*s/%s", (int)n, path, name) > 0 && access(file, X_OK) == 0;
        free(file);
    }
    return found;
}

void doctor_clipboard(const struct options *o)
{
    bool wayland = *variable("WAYLAND_DISPLAY") != '\0', x11 = *variable("DISPLAY") != '\0';

    if (wayland && is_program("wl-copy") && is_program("wl-paste"))
        doctor_tell(o, DOCTOR_OK, "clipboard", "wl-copy and wl-paste");
    else if (x11 && is_program("xclip"))
        doctor_tell(o, DOCTOR_OK, "clipboard", "xclip");
    else if (wayland || x11)
        doctor_tell(o, DOCTOR_MISSING, "clipboard", "%s is not installed: text is copied by the terminal alone (OSC 52), no image comes in",
                    wayland ? "wl-clipboard" : "xclip");
    else
        doctor_tell(o, DOCTOR_NOTE, "clipboard", "no display: text is copied by the terminal alone (OSC 52), no image comes in");
}

void doctor_settings(const struct options *o)
{
    const struct config *c = o->config;
    struct error err;
    char *path = config_path(&err);

    if (path == NULL)
        doctor_tell(o, DOCTOR_PROBLEM, "settings", "%s", err.text);
    else if (c->n_problems > 0)
        doctor_tell(o, DOCTOR_PROBLEM, "settings", "%s%s", c->problems.text, c->n_problems > 1 ? " (the first of several)" : "");
    else
        doctor_tell(o, DOCTOR_OK, "settings", "%s%s", path, access(path, F_OK) == 0 ? "" : ", not there: the defaults are used");
    free(path);
}

static bool check_sessions(const struct options *o, struct error *err)
{
    struct sessions *s = sessions_open(NULL, err);
    size_t n_sessions, n_turns;
    uint64_t n_bytes;
    bool ok = s != NULL && sessions_check(s, &n_sessions, &n_turns, &n_bytes, err);

    if (ok)
        doctor_tell(o, DOCTOR_OK, "sessions", "%s: whole, %zu conversations, %zu turns, %.1f MB", sessions_path(s), n_sessions, n_turns,
                    (double)n_bytes / 1e6);
    sessions_close(s);
    return ok;
}

/* Looks at the database only when there is one. */
bool doctor_sessions(const struct options *o)
{
    struct error err;
    char *folder = folder_data("", &err), *path = NULL;
    bool ok = folder != NULL;

    if (ok && asprintf(&path, "%s/sessions.db", folder) > 0 && access(path, F_OK) != 0)
        doctor_tell(o, DOCTOR_OK, "sessions", "%s: no conversation yet", path);
    else
        ok = ok && check_sessions(o, &err);
    if (!ok)
        doctor_tell(o, DOCTOR_PROBLEM, "sessions", "%s", err.text);
    free(path);
    free(folder);
    return ok;
}
