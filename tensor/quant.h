/* quant.h - the blocks of quantised weights, as GGUF files hold them.
 *
 *   32 weights:   Q4_0 Q4_1 Q5_0 Q5_1 Q8_0 IQ4_NL         w = d q (+ m)
 *   256 weights:  Q2_K Q3_K Q4_K Q5_K Q6_K IQ4_XS         w = d sc q (- dmin m),
 *                 sc and m for every 32 (Q2_K, Q3_K, Q6_K: 16) weights
 *
 * In IQ4_NL and IQ4_XS q is one of the 16 numbers of quant_iq4.  Scales d, dmin
 * and m are f16 bits.  All blocks are whole bytes and lie without
 * padding, at any alignment of two.  Layouts in words: docs/quant.md. */
#ifndef TENSOR_QUANT_H
#define TENSOR_QUANT_H

#include <stdint.h>

#define QUANT_BLOCK 32              /* weights in a small block, and in a sub-block */
#define QUANT_SUPER 256             /* weights in a K block */
#define QUANT_LEAST 1e-30f          /* activations all below this are taken as 0: 127 / x stays finite */

struct block_q4_0 { uint16_t d; uint8_t q[16]; };           /* q - 8 */
struct block_q4_1 { uint16_t d, m; uint8_t q[16]; };
struct block_q5_0 { uint16_t d; uint8_t high[4], q[16]; };  /* q - 16 */
struct block_q5_1 { uint16_t d, m; uint8_t high[4], q[16]; };
struct block_q8_0 { uint16_t d; int8_t q[32]; };
struct block_iq4_nl { uint16_t d; uint8_t q[16]; };
struct block_q2_k { uint8_t scales[16], q[64]; uint16_t d, dmin; };
struct block_q3_k { uint8_t high[32], q[64], scales[12]; uint16_t d; };         /* q - 4 */
struct block_q4_k { uint16_t d, dmin; uint8_t scales[12], q[128]; };
struct block_q5_k { uint16_t d, dmin; uint8_t scales[12], high[32], q[128]; };
struct block_q6_k { uint8_t q[128], high[64]; int8_t scales[16]; uint16_t d; };     /* q - 32 */
struct block_iq4_xs { uint16_t d, scales_high; uint8_t scales_low[4], q[128]; };

_Static_assert(sizeof(struct block_q4_0) == 18, "file layout");
_Static_assert(sizeof(struct block_q4_1) == 20, "file layout");
_Static_assert(sizeof(struct block_q5_0) == 22, "file layout");
_Static_assert(sizeof(struct block_q5_1) == 24, "file layout");
_Static_assert(sizeof(struct block_q8_0) == 34, "file layout");
_Static_assert(sizeof(struct block_iq4_nl) == 18, "file layout");
_Static_assert(sizeof(struct block_q2_k) == 84, "file layout");
_Static_assert(sizeof(struct block_q3_k) == 110, "file layout");
_Static_assert(sizeof(struct block_q4_k) == 144, "file layout");
_Static_assert(sizeof(struct block_q5_k) == 176, "file layout");
_Static_assert(sizeof(struct block_q6_k) == 210, "file layout");
_Static_assert(sizeof(struct block_iq4_xs) == 136, "file layout");

extern const int8_t quant_iq4[16];              /* rising */

float quant_f16_to_f32(uint16_t bits);
uint16_t quant_f32_to_f16(float x);             /* to nearest, ties to even */

/* The eight 6-bit scales and mins packed in the 12 bytes of a Q4_K or Q5_K block:
 *
 *   bytes 0-3: scale 0-3 in bits 0-5, bits 4-5 of scale 4-7 above them
 *   bytes 4-7: min 0-3 likewise, with bits 4-5 of min 4-7
 *   bytes 8-11: bits 0-3 of scale 4-7, and of min 4-7 above them */
void quant_unpack_scales(const uint8_t packed[12], uint8_t scale[8], uint8_t min[8]);

/* The sixteen scales, -32 .. 31, packed in the 12 bytes of a Q3_K block:
 *
 *   bytes 0-7: bits 0-3 of scale 0-7, and of scale 8-15 above them
 *   bytes 8-11: bits 4-5 of scales i, i + 4, i + 8 and i + 12, from below */
void quant_unpack_scales_q3_k(const uint8_t packed[12], int8_t scale[16]);

/* The eight scales, -32 .. 31, of an IQ4_XS block: bits 0-3 are nibble i of
 * scales_low, bits 4-5 are bits 2 i of scales_high. */
void quant_unpack_scales_iq4_xs(const struct block_iq4_xs *w, int8_t scale[8]);

#endif
