/* cli_completion.c - completion scripts made from the tables of commands and options.
 *
 * Names of models are asked for when they are completed (`mynah models -q`); all else is
 * in the script.  bash: bash(1), "Programmable Completion"; zsh: zshcompsys(1), _arguments;
 * fish: complete(1). */
#include "ui/cli.h"

#include <stdio.h>
#include <string.h>

static bool has(const struct command *c, const struct option_row *row)
{
    return (row->commands & c->bit) != 0 && row->summary != NULL;
}

/* A setting's are its name in ui/settings.h. */
static const char *values_of(const struct option_row *row)
{
    return row->values != NULL && row->kind != OPTION_SETTING ? row->values : "";
}

static void print_command_names(void)
{
    for (const struct command *c = commands + 1; c->name != NULL; c++)
        printf("%s%s", c == commands + 1 ? "" : " ", c->name);
}

/* Values of `mynah help` are the commands themselves. */
static void print_values(const struct command *c)
{
    if (c->run == cmd_help) {
        print_command_names();
        fputs(" man", stdout);
    } else if (c->values != NULL) {
        fputs(c->values, stdout);
    }
}

/* ---- bash --------------------------------------------------------------------------- */

static void bash_completion(void)
{
    puts("# Completion of mynah for bash, made by `mynah completion bash`.\n"
         "_mynah()\n{\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} command= options= values= IFS=$'\\n'\n"
         "    [[ $cur == = ]] && cur=\n"
         "    [[ $prev == = ]] && prev=${COMP_WORDS[COMP_CWORD-2]}");
    printf("    (( COMP_CWORD > 1 )) && command=${COMP_WORDS[1]}\n    case $command in\n");
    for (const struct command *c = commands + 1; c->name != NULL; c++) {
        printf("    %s) values='", c->name);
        print_values(c);
        fputs("' options='", stdout);
        for (const struct option_row *row = option_rows; row->name != NULL; row++)
            if (has(c, row))
                printf("--%s ", row->name);
        puts("' ;;");
    }
    fputs("    *) options='", stdout);
    for (const struct option_row *row = option_rows; row->name != NULL; row++)
        if (has(commands, row))
            printf("--%s ", row->name);
    fputs("' ;;\n    esac\n    (( COMP_CWORD == 1 )) && values='", stdout);
    print_command_names();
    puts("'\n    [[ $cur == -* ]] && values=$options\n    case $prev in");
    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        if (!option_takes_value(row) || row->summary == NULL)
            continue;
        printf("    --%s", row->name);
        if (row->letter != 0)
            printf("|-%c", row->letter);
        printf(") values='%s' ;;\n", values_of(row));
    }
    puts("    esac\n    case $values in\n"
         "    '" VALUES_FILE "') COMPREPLY=($(compgen -f -- \"$cur\")) ;;\n"
         "    '" VALUES_MODEL "') COMPREPLY=($(compgen -W \"$(\"$1\" models -q 2>/dev/null)\" -- \"$cur\")) ;;\n"
         "    '" VALUES_TEXT_MODEL "') COMPREPLY=($(compgen -W \"$(\"$1\" models -q text 2>/dev/null)\" -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n"
         "    '" VALUES_PROJECTOR "') COMPREPLY=($(compgen -W \"$(\"$1\" models -q eyes ears 2>/dev/null)\" -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n"
         "    '" VALUES_EYES "') COMPREPLY=($(compgen -W \"words\nrows\n$(\"$1\" models -q pair 2>/dev/null)\" -- \"$cur\") $(compgen -f -- \"$cur\")) ;;\n"
         "    *) COMPREPLY=($(compgen -W \"${values// /$'\\n'}\" -- \"$cur\")) ;;\n"
         "    esac\n}\n"
         "complete -o filenames -F _mynah mynah");
}

/* ---- zsh ---------------------------------------------------------------------------- */

/* Inside '...' of an _arguments specification. */
static void zsh_text(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\'')
            fputs("'\\'", stdout);
        else if (strchr("[]:\\", *text) != NULL)
            putchar('\\');
        putchar(*text);
    }
}

static void zsh_values(const char *values)
{
    if (values == NULL || *values == '\0')
        fputs(" ", stdout);
    else if (strcmp(values, VALUES_FILE) == 0)
        fputs("_files", stdout);
    else if (strcmp(values, VALUES_MODEL) == 0)
        fputs("_mynah_models", stdout);
    else if (strcmp(values, VALUES_TEXT_MODEL) == 0)
        fputs("_mynah_text_models", stdout);
    else if (strcmp(values, VALUES_PROJECTOR) == 0)
        fputs("_mynah_projectors", stdout);
    else if (strcmp(values, VALUES_EYES) == 0)
        fputs("_mynah_eyes", stdout);
    else
        printf("(%s)", values);
}

static void zsh_options(const struct command *c)
{
    fputs("_arguments -s -S", stdout);
    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        if (!has(c, row))
            continue;
        fputs(" \\\n            ", stdout);
        if (row->letter != 0)
            printf("'%s(-%c --%s)'{-%c,--%s%s}'[", row->kind == OPTION_FILES ? "*" : "", row->letter, row->name, row->letter, row->name,
                   option_takes_value(row) ? "=" : "");
        else
            printf("'%s--%s%s[", row->kind == OPTION_LIST ? "*" : "", row->name, option_takes_value(row) ? "=" : "");
        zsh_text(row->summary);
        putchar(']');
        if (option_takes_value(row)) {
            printf(":%s:", row->argument);
            zsh_values(values_of(row));
        }
        putchar('\'');
    }
    if (*c->arguments != '\0') {
        fputs(" \\\n            '*:argument:", stdout);
        if (c->run == cmd_help) {
            putchar('(');
            print_values(c);
            putchar(')');
        } else {
            zsh_values(c->values);
        }
        putchar('\'');
    }
    puts(" ;;");
}

static void zsh_completion(void)
{
    puts("#compdef mynah\n# Completion of mynah for zsh, made by `mynah completion zsh`.\n"
         "_mynah_models() { compadd -- ${(f)\"$(mynah models -q 2>/dev/null)\"} }\n"
         "_mynah_text_models() { compadd -- ${(f)\"$(mynah models -q text 2>/dev/null)\"}; _files }\n"
         "_mynah_projectors() { compadd -- ${(f)\"$(mynah models -q eyes ears 2>/dev/null)\"}; _files }\n"
         "_mynah_eyes() { compadd -- words rows ${(f)\"$(mynah models -q pair 2>/dev/null)\"}; _files }\n"
         "_mynah()\n{\n"
         "    if (( CURRENT == 2 )) && [[ $words[2] != -* ]]; then\n"
         "        local -a commands=(");
    for (const struct command *c = commands + 1; c->name != NULL; c++) {
        printf("            '%s:", c->name);
        zsh_text(c->summary);
        puts("'");
    }
    puts("        )\n        _describe command commands\n        return\n    fi\n    case $words[2] in");
    for (const struct command *c = commands + 1; c->name != NULL; c++) {
        printf("    %s) shift words; (( CURRENT-- ))\n        ", c->name);
        zsh_options(c);
    }
    fputs("    *) ", stdout);
    zsh_options(commands);
    puts("    esac\n}\n[[ $zsh_eval_context[-1] == loadautofunc ]] && _mynah \"$@\" || compdef _mynah mynah");
}

/* ---- fish --------------------------------------------------------------------------- */

static void fish_text(const char *text)
{
    putchar('\'');
    for (; *text != '\0'; text++) {
        if (*text == '\'' || *text == '\\')
            putchar('\\');
        putchar(*text);
    }
    putchar('\'');
}

static void fish_values(const char *values)
{
    if (values == NULL || *values == '\0')
        return;
    if (strcmp(values, VALUES_FILE) == 0 || strcmp(values, VALUES_TEXT_MODEL) == 0 || strcmp(values, VALUES_PROJECTOR) == 0
        || strcmp(values, VALUES_EYES) == 0)
        fputs(" -F", stdout);
    if (strcmp(values, VALUES_MODEL) == 0)
        fputs(" -a '(mynah models -q)'", stdout);
    else if (strcmp(values, VALUES_TEXT_MODEL) == 0)
        fputs(" -a '(mynah models -q text)'", stdout);
    else if (strcmp(values, VALUES_PROJECTOR) == 0)
        fputs(" -a '(mynah models -q eyes ears)'", stdout);
    else if (strcmp(values, VALUES_EYES) == 0)
        fputs(" -a 'words rows (mynah models -q pair)'", stdout);
    else if (strcmp(values, VALUES_FILE) != 0)
        printf(" -a '%s'", values);
}

/* The commands that have an option, as a condition of fish. */
static void fish_commands(const struct option_row *row)
{
    bool first = true;

    fputs(" -n '", stdout);
    if (has(commands, row))
        fputs("__fish_use_subcommand", stdout);
    for (const struct command *c = commands + 1; c->name != NULL; c++)
        if (has(c, row)) {
            printf("%s%s", !first ? " " : has(commands, row) ? "; or __fish_seen_subcommand_from " : "__fish_seen_subcommand_from ", c->name);
            first = false;
        }
    putchar('\'');
}

static void fish_completion(void)
{
    puts("# Completion of mynah for fish, made by `mynah completion fish`.\ncomplete -c mynah -f");
    for (const struct command *c = commands + 1; c->name != NULL; c++) {
        printf("complete -c mynah -n __fish_use_subcommand -a %s -d ", c->name);
        fish_text(c->summary);
        putchar('\n');
        if (c->values == NULL && c->run != cmd_help)
            continue;
        printf("complete -c mynah -n '__fish_seen_subcommand_from %s'", c->name);
        if (c->run == cmd_help) {
            fputs(" -a '", stdout);
            print_values(c);
            putchar('\'');
        } else {
            fish_values(c->values);
        }
        putchar('\n');
    }
    for (const struct option_row *row = option_rows; row->name != NULL; row++) {
        if (row->summary == NULL)
            continue;
        fputs("complete -c mynah", stdout);
        fish_commands(row);
        printf(" -l %s", row->name);
        if (row->letter != 0)
            printf(" -s %c", row->letter);
        if (option_takes_value(row)) {
            fputs(row->values == NULL ? " -x" : " -r", stdout);
            fish_values(row->values);
        }
        fputs(" -d ", stdout);
        fish_text(row->summary);
        putchar('\n');
    }
}

void cli_completion(const char *shell)
{
    if (strcmp(shell, "bash") == 0)
        bash_completion();
    else if (strcmp(shell, "zsh") == 0)
        zsh_completion();
    else
        fish_completion();
}
