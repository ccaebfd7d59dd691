/* ocr.c - libtesseract, kept quiet and within bounds.
 *
 *   pixels -> grey, enlarged or reduced -> pass 1: page layout, eng + kor
 *     something believed: pass 2, scattered text at the same size, adds what the
 *                         layout passed over (bubbles, buttons)
 *     nothing:            scattered text at 500, then 320 pixels, with a threshold that
 *                         varies over the picture: the letters of a sign, which the
 *                         recogniser wants about 30 high
 *   nearly all Korean: once more with kor alone, which mixes no Latin into it
 *
 * Grey, because tesseract thresholds colour channels apart and takes yellow for
 * black.  Its C interface: tesseract/capi.h (5.3).  Judging lines: ocr_lines.c. */
#include "vision/ocr.h"

#include <leptonica/allheaders.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tesseract/capi.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "vision/ocr_lines.h"
#include "vision/resize.h"
#include "vision/vision.h"

enum {
    SMALL_SIDE = 1000,              /* the longer side is enlarged to this, threefold at most */
    LARGE_SIDE = 2400,              /* and reduced to this: A4 at about 200 dots an inch */
    RESOLUTION = 150                /* told to tesseract, which otherwise guesses and says so */
};

/* libgomp's; omp.h is the compiler's own and clang may lack it.  Threads of a
 * parallel region spin, which costs manifold on a busy machine and gains nothing. */
void omp_set_max_active_levels(int levels);

struct reader {
    TessBaseAPI *tess;
    ETEXT_DESC *monitor;
    struct arena *arena;
    const struct compute *c;
    const struct image *image;
    char folder[256];
    double end_ms;                  /* by busy_ms */
    bool late;
};

/* Processor time of this thread, which does all the work. */
static double busy_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* ---- language data -------------------------------------------------------------- */

static bool has_language(const char *folder, const char *language)
{
    char path[512];

    snprintf(path, sizeof path, "%s/%s.traineddata", folder, language);
    return access(path, R_OK) == 0;
}

/* Folder of the data, and "eng+kor" or what there is of it; NULL without any.
 * Asked of the file system, since tesseract complains on stderr. */
static const char *find_languages(char *folder, size_t n_folder)
{
    static const char *const folders[] = {
        "/usr/share/tesseract-ocr/5/tessdata", "/usr/share/tesseract-ocr/4.00/tessdata", "/usr/share/tessdata",
        "/usr/local/share/tessdata",
    };
    const char *own = getenv("TESSDATA_PREFIX");

    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(folder, n_folder, "%s", own != NULL ? own : folders[i]);
        const bool english = has_language(folder, "eng"), korean = has_language(folder, "kor");
        if (english || korean)
            return !korean ? "eng" : !english ? "kor" : "eng+kor";
    }
    return NULL;
}

/* ---- one pass --------------------------------------------------------------------- */

static bool is_to_stop(void *user, int n_words)
{
    const struct reader *r = user;

    (void)n_words;
    return (r->c != NULL && compute_cancelled(r->c, NULL)) || busy_ms() >= r->end_ms;
}

static bool open_languages(struct reader *r, const char *languages, struct error *err)
{
    TessBaseAPIEnd(r->tess);
    TessBaseAPISetVariable(r->tess, "debug_file", "/dev/null");
    if (TessBaseAPIInit2(r->tess, r->folder, languages, OEM_LSTM_ONLY) != 0)
        return error_set(err, ERROR_INFERENCE, "tesseract cannot read its data for %s in %s", languages, r->folder);
    TessBaseAPISetVariable(r->tess, "preserve_interword_spaces", "1");      /* no blank between Hangul syllables */
    return true;
}

/* Luma of ITU-R BT.601 in 8 bits: [height][width]; in place, from the front. */
static void to_grey(uint8_t *rgb, size_t n_pixels)
{
    for (size_t i = 0; i < n_pixels; i++)
        rgb[i] = (uint8_t)((rgb[3 * i] * 77 + rgb[3 * i + 1] * 150 + rgb[3 * i + 2] * 29 + 128) >> 8);
}

static uint8_t *grey_at_scale(const struct reader *r, double scale, size_t *width, size_t *height, struct error *err)
{
    *width = (size_t)((double)r->image->width * scale);
    *height = (size_t)((double)r->image->height * scale);
    *width += *width == 0;
    *height += *height == 0;
    uint8_t *grey = malloc(*width * *height * 3);
    if (grey == NULL)
        error_set(err, ERROR_INFERENCE, "no memory to enlarge a picture for reading");
    else if (resize_rgb(r->c, RESIZE_BICUBIC, resize_view_of(r->image), *width, *height, grey, err)) {
        to_grey(grey, *width * *height);
        return grey;
    }
    free(grey);
    return NULL;
}

static bool add_line(TessResultIterator *at, const int size[2], struct ocr_lines *lines, struct error *err)
{
    enum { MAX_WORDS = 200 };
    const TessPageIterator *page = TessResultIteratorGetPageIteratorConst(at);
    struct ocr_word words[MAX_WORDS];
    int left, top, right, bottom;
    size_t n = 0;
    char *text = TessResultIteratorGetUTF8Text(at, RIL_TEXTLINE);
    TessResultIterator *word = TessResultIteratorCopy(at);

    TessPageIteratorBoundingBox(page, RIL_TEXTLINE, &left, &top, &right, &bottom);
    do {
        char *found = TessResultIteratorGetUTF8Text(word, RIL_WORD);
        if (found != NULL)
            words[n++] = (struct ocr_word){ found, TessResultIteratorConfidence(word, RIL_WORD) };
    } while (n < MAX_WORDS &&
             !TessPageIteratorIsAtFinalElement(TessResultIteratorGetPageIteratorConst(word), RIL_TEXTLINE, RIL_WORD) &&
             TessResultIteratorNext(word, RIL_WORD));
    const float box[4] = { (float)left / (float)size[0], (float)top / (float)size[1],
                           (float)right / (float)size[0], (float)bottom / (float)size[1] };
    const bool ok = text == NULL || n == 0 || ocr_lines_add(lines, words, n, text, box, err);
    for (size_t i = 0; i < n; i++)
        TessDeleteText(words[i].text);
    TessDeleteText(text);
    TessResultIteratorDelete(word);
    return ok;
}

static bool collect(const struct reader *r, const int size[2], struct ocr_lines *lines, struct error *err)
{
    TessResultIterator *at = TessBaseAPIGetIterator(r->tess);
    bool ok = true;

    if (at == NULL)
        return true;
    do
        ok = add_line(at, size, lines, err);
    while (ok && TessResultIteratorNext(at, RIL_TEXTLINE));
    TessResultIteratorDelete(at);
    return ok;
}

/* Believed lines of one pass; none when there is no time left for it. */
static bool read_pass(struct reader *r, TessPageSegMode mode, double scale, struct ocr_lines *lines, struct error *err)
{
    const double left_ms = r->end_ms - busy_ms();
    size_t width, height;

    if (!ocr_lines_init(lines, r->arena, err))
        return false;
    r->late = r->late || left_ms < 1.0;
    if (r->late)
        return true;
    uint8_t *grey = grey_at_scale(r, scale, &width, &height, err);
    if (grey == NULL)
        return false;
    const int size[2] = { (int)width, (int)height };
    TessBaseAPISetPageSegMode(r->tess, mode);
    TessBaseAPISetImage(r->tess, grey, size[0], size[1], 1, size[0]);
    TessBaseAPISetSourceResolution(r->tess, RESOLUTION);
    TessMonitorSetDeadlineMSecs(r->monitor, (int)(3 * left_ms));
    const double until_ms = clock_ms() + 3 * left_ms;
    TessBaseAPIRecognize(r->tess, r->monitor);
    const bool cancelled = r->c != NULL && compute_cancelled(r->c, err);
    const bool ok = !cancelled && collect(r, size, lines, err);
    free(grey);
    r->late = busy_ms() >= r->end_ms || clock_ms() >= until_ms;
    ocr_lines_believe(lines);
    return ok;
}

/* ---- all passes -------------------------------------------------------------------- */

static double scale_between(const struct image *image, double least, double most)
{
    const double side = (double)(image->width > image->height ? image->width : image->height);

    if (side > most)
        return most / side;
    return side >= least ? 1.0 : side * 3.0 < least ? 3.0 : least / side;
}

/* Large letters somewhere in a scene. */
static bool read_sign(struct reader *r, struct ocr_lines *lines, struct error *err)
{
    static const double sides[] = { 500, 320 };

    TessBaseAPISetVariable(r->tess, "thresholding_method", "1");    /* Otsu's, by tiles */
    for (size_t i = 0; i < sizeof sides / sizeof *sides && lines->n == 0; i++)
        if (!read_pass(r, PSM_SPARSE_TEXT, scale_between(r->image, 0, sides[i]), lines, err))
            return false;
    return true;
}

static bool read_all(struct reader *r, const char *languages, struct ocr_lines *lines, struct error *err)
{
    const double scale = scale_between(r->image, SMALL_SIDE, LARGE_SIDE);
    struct ocr_lines more;

    if (!open_languages(r, languages, err) || !read_pass(r, PSM_AUTO, scale, lines, err))
        return false;
    if (strchr(languages, '+') != NULL && ocr_lines_are_korean(lines) &&
        (!open_languages(r, "kor", err) || !read_pass(r, PSM_AUTO, scale, lines, err)))
        return false;
    if (lines->n == 0)
        return read_sign(r, lines, err);
    if (!read_pass(r, PSM_SPARSE_TEXT, scale, &more, err))
        return false;
    ocr_lines_merge(lines, &more);
    return true;
}

bool ocr_read(const struct compute *c, const struct image *image, struct ocr *result, struct error *err)
{
    struct reader r = { .c = c, .image = image, .end_ms = busy_ms() + OCR_MOST_MS };
    const char *languages = find_languages(r.folder, sizeof r.folder);
    struct ocr_lines lines = { 0 };
    bool ok = false;

    *result = (struct ocr){ .note = "" };
    setMsgSeverity(L_SEVERITY_NONE);
    omp_set_max_active_levels(0);
    r.arena = arena_new("ocr", (size_t)1 << 20, err);
    if (r.arena == NULL)
        return false;
    r.tess = TessBaseAPICreate();
    r.monitor = TessMonitorCreate();
    TessMonitorSetCancelThis(r.monitor, &r);
    TessMonitorSetCancelFunc(r.monitor, is_to_stop);
    if (languages == NULL)
        result->note = "text is not read: tesseract has no language data "
                       "(Debian packages tesseract-ocr-eng and tesseract-ocr-kor)";
    if (languages == NULL || read_all(&r, languages, &lines, err)) {
        result->text = ocr_lines_text(&lines, &result->confidence, err);
        ok = result->text != NULL;
    }
    if (r.late)
        result->note = "reading the text took too long; some of it may be missing";
    TessMonitorDelete(r.monitor);
    TessBaseAPIDelete(r.tess);
    arena_free(r.arena);
    return ok;
}

void ocr_done(struct ocr *result)
{
    free(result->text);
    *result = (struct ocr){ .note = "" };
}
