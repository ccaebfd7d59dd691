/* plain_settings.c - the commands of the chat of lines that change how answers are made. */
#include "ui/plain_private.h"

#include "ui/config.h"
#include "ui/paths.h"

#include <stdlib.h>
#include <string.h>

/* The command line and the settings file stand behind what the conversation has. */
void plain_use_settings(struct plain *p, const char *text)
{
    settings_done(&p->settings);
    settings_init(&p->settings, p->options);
    settings_read(&p->settings, text);
    p->engine->configure(p->engine->self, &p->settings.session);
}

static void list_settings(struct plain *p)
{
    struct buffer text = { 0 };

    settings_list(&p->settings, &text);
    plain_note(p, "of this conversation");
    plain_block(p, buffer_text(&text));
    plain_note(p, "of mynah, kept in its settings file");
    for (const struct config_row *row = config_rows(); row->name != NULL; row++) {
        char *value = config_value(p->options->config, row->name);
        plain_line(p, "", "%s = %s (%s%s%s)", row->name, value, row->summary, row->values != NULL ? "; one of: " : "",
                   row->values != NULL ? row->values : "");
        free(value);
    }
    buffer_free(&text);
}

void plain_run_set(struct plain *p, const char *argument)
{
    struct error err;
    size_t n = strcspn(argument, " ");
    char *name = strndup(argument, n);
    const char *value = argument + n + strspn(argument + n, " ");

    if (name == NULL)
        abort();
    if (*name == '\0') {
        list_settings(p);
    } else if (!settings_set(&p->settings, name, value, &err)) {
        if (config_set(p->options->config, NULL, name, value, &err))
            plain_note(p, "%s is set; it counts from the next start", name);
        else
            plain_error(p, "%s", err.text);
    } else if (err.code != ERROR_NONE) {
        plain_error(p, "%s", err.text);
    } else {
        settings_keep(&p->settings, &p->talk);
        plain_note(p, "%s is %s in this conversation", name, *value != '\0' ? value : "default");
    }
    free(name);
}

void plain_run_system(struct plain *p, const char *argument)
{
    struct error err;

    if (*argument == '\0') {
        plain_note(p, "the system text is %s; /system TEXT changes it, /system default takes mynah's own",
                   p->settings.system != NULL ? p->settings.system : "mynah's own");
        return;
    }
    settings_set(&p->settings, "system", argument, &err);
    settings_keep(&p->settings, &p->talk);
    plain_note(p, "the model is told so from the next question on");
}

void plain_run_eyes(struct plain *p, const char *argument)
{
    struct buffer said = { 0 };

    if (!eyes_command(p->engine, argument, &p->eyes_request, &said))
        plain_error(p, "%s", buffer_text(&said));
    else if (said.n > 0)
        plain_note(p, "%s", buffer_text(&said));
    buffer_free(&said);
}

void plain_run_lora(struct plain *p, const char *argument)
{
    struct buffer said = { 0 };

    if (loras_command(&p->loras, p->engine, argument, &said))
        plain_note(p, "%s", buffer_text(&said));
    else
        plain_error(p, "%s", buffer_text(&said));
    buffer_free(&said);
}

static void list_models(struct plain *p)
{
    bool present;
    const char *name;

    plain_note(p, "the model is %s", p->engine->model);
    for (size_t i = 0; (name = p->engine->model_name(p->engine->self, i, &present)) != NULL; i++)
        plain_line(p, "", "%s%s", name, present ? "" : ", not here: mynah pull fetches it");
}

void plain_run_model(struct plain *p, const char *argument)
{
    struct error err;
    struct paths paths;

    if (*argument == '\0') {
        list_models(p);
        return;
    }
    paths_parse(argument, &paths);
    if (paths.n == 1)
        p->model_request = p->engine->use_model(p->engine, paths.items[0], &err);
    else
        error_set(&err, ERROR_USAGE, "/model takes one name or file");
    if (p->model_request == 0)
        plain_error(p, "%s", err.text);
    paths_free(&paths);
}
