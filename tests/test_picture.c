/* Previews: cells in colours of the picture, bars as loud as the clip, pixels that decode back. */
#include "ui/picture.h"

#include "base/utf8.h"

#include <setjmp.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { SIDE = 64 };

static unsigned char four[SIDE * SIDE * 3];     /* quarters: red, green / blue, white */
static const unsigned char quarters[4][3] = { { 255, 0, 0 }, { 0, 255, 0 }, { 0, 0, 255 }, { 255, 255, 255 } };

static struct preview picture(void)
{
    for (int y = 0; y < SIDE; y++)
        for (int x = 0; x < SIDE; x++)
            memcpy(&four[(y * SIDE + x) * 3], quarters[(y >= SIDE / 2) * 2 + (x >= SIDE / 2)], 3);
    return (struct preview){ .width = SIDE, .height = SIDE, .rgb = four };
}

/* xterm's palette from 16 on, and the usual first 16. */
static void palette(int colour, double rgb[3])
{
    static const int levels[] = { 0, 95, 135, 175, 215, 255 };

    for (int i = 0; i < 3; i++)
        if (colour >= 232)
            rgb[i] = 8 + 10 * (colour - 232);
        else if (colour >= 16)
            rgb[i] = levels[(colour - 16) / (i == 0 ? 36 : i == 1 ? 6 : 1) % 6];
        else
            rgb[i] = (colour >> i & 1) * (colour >= 8 ? 255 : 170);
}

static bool is_near(const double rgb[3], const unsigned char *want, double most)
{
    return fabs(rgb[0] - want[0]) <= most && fabs(rgb[1] - want[1]) <= most && fabs(rgb[2] - want[2]) <= most;
}

static void test_blocks_have_the_colours(void **state)
{
    struct preview p = picture();
    struct screen s = { 0 };
    double rgb[3];

    (void)state;
    screen_resize(&s, 10, 40);
    picture_draw(&p, &s, (struct rect){ 1, 2, 8, 30 }, 256);
    for (int q = 0; q < 4; q++) {                   /* the middle of each quarter: 8 rows are 16 columns wide */
        const struct cell *cell = &s.cells[(1 + 2 + q / 2 * 4) * 40 + 2 + 4 + q % 2 * 8];
        bool solid = strcmp(cell->text, " ") == 0;
        int colour = solid ? cell->background : cell->foreground;
        assert_in_range(colour, 16, 255);
        palette(colour, rgb);
        assert_true(is_near(rgb, quarters[q], 40));
    }
    for (int i = 0; i < 10 * 40; i++) {             /* nothing outside, nothing wider than the shape */
        int row = i / 40, col = i % 40;
        if (row < 1 || row >= 9 || col < 2 || col >= 18)
            assert_true(s.cells[i].foreground == -1 && s.cells[i].background == -1 && strcmp(s.cells[i].text, " ") == 0);
    }
    screen_free(&s);
}

static void test_every_rectangle(void **state)
{
    static const int n_colors[] = { 0, 8, 16, 256 };
    float peaks[3] = { 0.5f, NAN, 2.0f };
    struct preview clip = { .n_peaks = 3, .peaks = peaks }, empty = { 0 };
    struct screen s = { 0 };

    (void)state;
    for (size_t c = 0; c < 4; c++)
        for (int rows = 0; rows < 5; rows++)
            for (int cols = 0; cols < 7; cols++) {
                struct preview p = picture();
                screen_resize(&s, 3, 5);
                p.height = rows == 4 ? 1 : SIDE;    /* a line, too */
                picture_draw(&p, &s, (struct rect){ rows - 1, cols - 1, rows, cols }, n_colors[c]);
                picture_draw(&clip, &s, (struct rect){ rows - 1, cols - 1, cols, rows }, n_colors[c]);
                picture_draw(&empty, &s, (struct rect){ 0, 0, rows, cols }, n_colors[c]);
                for (int i = 0; i < 15; i++)
                    assert_true(s.cells[i].width == 1 && s.cells[i].foreground < n_colors[c] + (n_colors[c] == 0)
                                && s.cells[i].background < (n_colors[c] == 256 ? 256 : 1) && s.cells[i].foreground >= -1);
            }
    screen_free(&s);
}

static void test_waveform(void **state)
{
    float peaks[8] = { 0, 0.125f, 0.25f, 0.5f, 0.5625f, 1, 0.0625f, 0 };
    struct preview p = { .n_peaks = 8, .peaks = peaks };
    struct screen s = { 0 };

    (void)state;
    screen_resize(&s, 3, 10);
    picture_draw(&p, &s, (struct rect){ 0, 1, 2, 8 }, 256);
    char *upper = screen_row(&s, 0), *lower = screen_row(&s, 1);
    assert_string_equal(upper, "     ▁█");
    assert_string_equal(lower, " ▁▂▄███▁▁");
    free(upper);
    free(lower);
    screen_clear(&s);
    picture_draw(&p, &s, (struct rect){ 2, 0, 1, 4 }, 0);   /* two peaks a column: the louder */
    char *row = screen_row(&s, 2);
    assert_string_equal(row, "▁▄█▁");
    free(row);
    screen_free(&s);
}

/* ---- decoders ------------------------------------------------------------------------------ */

struct pixels { int width, height; double rgb[SIDE * 4][SIDE * 4][3]; };

static struct pixels decoded;

/* Sixel (VT330/340 programmer reference, ch. 14): DCS P q " raster, # colour ; 2 ; r ; g ; b in %,
 * ! repeat, $ start of the band, - next band, ? to ~ six pixels. */
static bool decode_sixel(const char *s, size_t n)
{
    double colours[256][3] = { { 0 } };
    int colour = 0, x = 0, band = 0, repeat = 1;
    const char *end = s + n;

    memset(&decoded, 0, sizeof decoded);
    if (n < 4 || memcmp(s, "\x1BP", 2) != 0 || memcmp(end - 2, "\x1B\\", 2) != 0 || (s = strchr(s, 'q')) == NULL)
        return false;
    for (s++, end -= 2; s < end;) {
        char c = *s++;
        int numbers[5] = { 0 }, n_numbers = 0;
        if (c == '"' || c == '#' || c == '!')
            for (n_numbers = 1; s < end && ((*s >= '0' && *s <= '9') || *s == ';'); s++) {
                if (*s == ';' && n_numbers++ >= 5)
                    return false;
                if (*s != ';')
                    numbers[n_numbers - 1] = numbers[n_numbers - 1] * 10 + *s - '0';
            }
        if (c == '"') {
            decoded.width = numbers[2];
            decoded.height = numbers[3];
        } else if (c == '#' && n_numbers == 5) {
            for (int i = 0; i < 3; i++)
                colours[numbers[0] & 255][i] = numbers[2 + i] * 2.55;
        } else if (c == '#') {
            colour = numbers[0] & 255;
        } else if (c == '!') {
            repeat = numbers[0];
        } else if (c == '$' || c == '-') {
            x = 0;
            band += c == '-';
        } else if (c >= '?' && c <= '~') {
            for (; repeat > 0; repeat--, x++)
                for (int bit = 0; bit < 6 && x < SIDE * 4 && band * 6 + bit < SIDE * 4; bit++)
                    if ((c - '?') >> bit & 1)
                        memcpy(decoded.rgb[band * 6 + bit][x], colours[colour], sizeof colours[0]);
            repeat = 1;
        } else if (c != '\n') {
            return false;
        }
    }
    return true;
}

static int value_of(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;

    return at != NULL ? (int)(at - digits) : -1;
}

/* Kitty's graphics protocol: APC G keys ; base64 of RGBA ST, in pieces (m=1). */
static bool decode_kitty(const char *s, size_t n)
{
    unsigned char bytes[4];
    const char *end = s + n;
    int n_pixels = 0, n_bytes = 0;

    memset(&decoded, 0, sizeof decoded);
    while (s < end) {
        const char *stop = memmem(s, (size_t)(end - s), "\x1B\\", 2), *data;
        if (stop == NULL || memcmp(s, "\x1B_G", 3) != 0)
            return false;
        sscanf(s, "\x1B_Ga=T,f=32,s=%d,v=%d", &decoded.width, &decoded.height);
        data = memchr(s, ';', (size_t)(stop - s));
        for (unsigned bits = 0, n_bits = 0; data != NULL && ++data < stop && value_of(*data) >= 0;) {
            bits = bits << 6 | (unsigned)value_of(*data);
            if ((n_bits += 6) < 8)
                continue;
            bytes[n_bytes++] = (unsigned char)(bits >> (n_bits -= 8));
            if (n_bytes == 4) {
                for (int i = 0; i < 3; i++)
                    decoded.rgb[n_pixels / decoded.width][n_pixels % decoded.width][i] = bytes[i];
                n_pixels++;
                n_bytes = 0;
            }
        }
        s = stop + 2;
    }
    return n_pixels == decoded.width * decoded.height;
}

static void test_pixels_decode_back(void **state)
{
    static const enum picture_kind kinds[] = { PICTURE_SIXEL, PICTURE_KITTY };
    struct preview p = picture();

    (void)state;
    for (size_t k = 0; k < 2; k++) {
        struct buffer bytes = { 0 };
        picture_encode(&p, kinds[k], (struct rect){ 0, 0, 6, 40 }, 8, 16, &bytes);
        assert_true(bytes.n > 0);
        assert_true(kinds[k] == PICTURE_SIXEL ? decode_sixel(bytes.s, bytes.n) : decode_kitty(bytes.s, bytes.n));
        assert_in_range(decoded.height, 60, 6 * 16);            /* six rows of 16 pixels at most, and square */
        assert_in_range(decoded.width, 60, 6 * 16);
        for (int q = 0; q < 4; q++)
            assert_true(is_near(decoded.rgb[decoded.height / 4 + q / 2 * decoded.height / 2]
                                           [decoded.width / 4 + q % 2 * decoded.width / 2], quarters[q], 12));
        buffer_free(&bytes);
    }
    struct buffer none = { 0 };
    p.rgb = NULL;
    picture_encode(&p, PICTURE_KITTY, (struct rect){ 0, 0, 6, 40 }, 8, 16, &none);
    assert_int_equal(none.n, 0);
}

/* NAME=value... becomes the whole of what decides. */
static void surroundings(const char *name, const char *more)
{
    static const char *const others[] = { "TMUX", "STY", "TERM_PROGRAM", "KITTY_WINDOW_ID", "KITTY_PID", "KONSOLE_VERSION", "VTE_VERSION", "COLORTERM" };

    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        unsetenv(others[i]);
    setenv("TERM", name, 1);
    if (more != NULL)
        setenv(more, "1", 1);
}

static void check_fit(const struct preview *p, int rows, int cols, int rows_taken, int cols_taken)
{
    struct rect r = picture_fit(p, (struct rect){ 3, 5, rows, cols });

    assert_int_equal(r.row, 3);
    assert_int_equal(r.col, 5);
    assert_int_equal(r.rows, rows_taken);
    if (rows_taken > 0)
        assert_int_equal(r.cols, cols_taken);
}

/* Cells count as 1:2; a waveform is wide, not high; what has neither takes nothing. */
static void test_how_much_it_takes(void **state)
{
    unsigned char rgb[3] = { 0 };
    float peak = 1;
    struct preview image = { .width = 192, .height = 96, .rgb = rgb }, clip = { .n_peaks = 1, .peaks = &peak }, none = { 0 };

    (void)state;
    check_fit(&image, 40, 40, 10, 40);
    check_fit(&image, 10, 100, 10, 40);
    check_fit(&clip, 45, 100, 8, 100);
    check_fit(&clip, 3, 20, 3, 20);
    check_fit(&none, 10, 10, 0, 0);
    check_fit(&image, 0, 10, 0, 0);
    check_fit(&clip, 10, 0, 0, 0);
}

static void test_choice(void **state)
{
    (void)state;
    surroundings("xterm-kitty", "KITTY_WINDOW_ID");
    assert_int_equal(picture_choose("auto", 256), PICTURE_KITTY);
    assert_int_equal(picture_choose("blocks", 256), PICTURE_BLOCKS);
    assert_int_equal(picture_choose("off", 256), PICTURE_OFF);
    surroundings("xterm-kitty", "TMUX");
    assert_int_equal(picture_choose("auto", 256), PICTURE_BLOCKS);
    surroundings("foot", NULL);
    assert_int_equal(picture_choose(NULL, 256), PICTURE_SIXEL);
    surroundings("foot", "STY");
    assert_int_equal(picture_choose(NULL, 256), PICTURE_BLOCKS);
    surroundings("xterm-256color", NULL);
    assert_int_equal(picture_choose("auto", 256), PICTURE_BLOCKS);
    assert_int_equal(picture_choose("sixel", 256), PICTURE_SIXEL);
    surroundings("vt100", NULL);
    assert_int_equal(picture_choose("auto", 0), PICTURE_OFF);
    assert_int_equal(picture_choose("blocks", 0), PICTURE_BLOCKS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_have_the_colours), cmocka_unit_test(test_every_rectangle), cmocka_unit_test(test_waveform),
        cmocka_unit_test(test_pixels_decode_back), cmocka_unit_test(test_how_much_it_takes), cmocka_unit_test(test_choice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
