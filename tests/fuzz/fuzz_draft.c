/* fuzz_draft.c - whatever is typed, pasted or dropped: paths, mentions, completion and the
 * lines of the draft hold together, and no cell carries a control character.
 *
 *   byte 0: width; byte 1: what is before the cursor, and where to it is pasted; the rest: text */
#include "replay.h"
#include "base/utf8.h"
#include "ui/complete.h"
#include "ui/draft.h"
#include "ui/paths.h"

static uint32_t attach(void *self, const char *path)
{
    (void)self;
    return (uint32_t)strlen(path);
}

static void cancel(void *self)
{
    (void)self;
}

static const char *no_model(void *self, size_t i, bool *present)
{
    (void)self;
    *present = true;
    return i == 0 ? "model" : NULL;
}

static const struct complete_command *command(size_t i)
{
    static const struct complete_command commands[] = { { "/a", COMPLETE_FILE, NULL }, { "/m", COMPLETE_MODEL, NULL }, { "/s", COMPLETE_SETTING, NULL } };

    return i < 3 ? &commands[i] : NULL;
}

static const struct config_row rows[] = { { .name = "theme", .values = "dark light" }, { 0 } };

static void must(bool good)
{
    if (!good)
        __builtin_trap();
}

static void draw(struct draft *d, int width)
{
    struct screen s = { 0 };
    int n_rows = draft_rows(d, width);

    n_rows = n_rows < 6 ? n_rows : 6;
    screen_resize(&s, n_rows, width);
    draft_draw(d, &s, (struct rect){ 0, 0, n_rows, width });
    must(s.cursor_row >= 0 && s.cursor_row < n_rows && s.cursor_col >= 0 && s.cursor_col < width);
    for (int i = 0; i < n_rows * width; i++)
        for (const char *c = s.cells[i].text; *c != '\0'; c++)
            must((unsigned char)*c >= 0x20 && *c != 0x7F);
    for (int row = 0; row < n_rows; row++)
        must(draft_chip_at(d, row, width / 2) < (int)d->n_chips);
    screen_free(&s);
}

static void complete(const struct engine *engine, const char *text, size_t at)
{
    const struct complete_sources sources = { command, rows, engine };
    struct complete c = { 0 };

    complete_find(&c, text, at, &sources);
    must(c.from <= c.to && c.to >= at && c.to <= strlen(text));
    must(((unsigned char)text[c.from] & 0xC0) != 0x80);
    must(utf8_valid(buffer_text(&c.common), c.common.n));
    complete_close(&c);
}

/* As the keys hand it over: ill-formed parts replaced. */
static void print_valid(struct buffer *to, const char *bytes, size_t n)
{
    char encoded[4];
    uint32_t code;

    for (size_t i = 0, used; i < n; i += used) {
        used = utf8_decode(bytes + i, n - i, &code);
        if (used == 0)
            return;
        if (code != 0)
            buffer_append(to, encoded, utf8_encode(code, encoded));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const char *const before[] = { "", "/a ", "/s ", "see @", "@'", "~/" };
    struct engine engine = { .attach = attach, .cancel = cancel, .model_name = no_model };
    struct buffer text = { 0 };
    struct draft d;
    struct paths paths;
    char *path;

    if (n < 2 || n > 4096)
        return 0;
    buffer_print(&text, "%s", before[data[1] % 6]);
    draft_init(&d, &engine);
    draft_set(&d, buffer_text(&text));
    size_t n_before = text.n;
    print_valid(&text, (const char *)data + 2, n - 2);
    draft_paste(&d, buffer_text(&text) + n_before, text.n - n_before);
    draft_take_mentions(&d);
    draw(&d, 1 + data[0] % 40);
    draft_open_paste(&d);
    draw(&d, 1 + data[0] % 40);
    free(draft_question(&d));
    draft_done(&d);
    for (size_t at = 0; text.s != NULL && at <= text.n; at += at < text.n ? utf8_grapheme_next(text.s, text.n, at) - at : 1) {
        size_t bytes = paths_mention(text.s, at, &path);
        must(at + bytes <= text.n);
        if (bytes > 0)
            free(path);
        if (at % 16 == 0 || at == text.n)
            complete(&engine, text.s, at);
    }
    paths_parse(buffer_text(&text), &paths);
    paths_free(&paths);
    buffer_free(&text);
    return 0;
}
