(module
  (memory (export "memory") 13)
  ;; $count two-byte floats from byte 0, to float32 from byte $to; returns whether one of them is not finite
  (func (export "fromBfloat16") (param $count i32) (param $to i32) (result i32)
    (local $from i32) (local $end i32) (local $half v128) (local $a v128) (local $bad v128)
    (local.set $end (i32.shl (local.get $count) (i32.const 1)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $half (v128.load (local.get $from)))
        (local.set $bad (v128.or (local.get $bad)
          (i16x8.eq (v128.and (local.get $half) (v128.const i16x8 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80))
                    (v128.const i16x8 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80 0x7f80))))
        (v128.store (local.get $to) (i32x4.shl (i32x4.extend_low_i16x8_u (local.get $half)) (i32.const 16)))
        (v128.store offset=16 (local.get $to) (i32x4.shl (i32x4.extend_high_i16x8_u (local.get $half)) (i32.const 16)))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 32)))
        (br $next)))
    (v128.any_true (local.get $bad)))
  ;; Correct also where the thread takes subnormal float32 for zero, as ONNX Runtime lets its callers' threads do.
  (func $widen (param $half v128) (result v128)
    (local $size v128) (local $normal v128)
    (local.set $size (i32x4.shl (v128.and (local.get $half) (v128.const i32x4 0x7fff 0x7fff 0x7fff 0x7fff)) (i32.const 13)))
    (local.set $normal
      (v128.or
        (i32x4.add (local.get $size) (v128.const i32x4 0x38000000 0x38000000 0x38000000 0x38000000))
        (v128.and (i32x4.gt_u (local.get $size) (v128.const i32x4 0x0f7fffff 0x0f7fffff 0x0f7fffff 0x0f7fffff))
                  (v128.const i32x4 0x7f800000 0x7f800000 0x7f800000 0x7f800000))))
    (v128.or
      (v128.bitselect
        ;; Subnormal: behind the first bit of 2^-14 stands the fraction, of which that 2^-14 is taken away again.
        (f32x4.sub (v128.or (local.get $size) (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
                   (v128.const i32x4 0x38800000 0x38800000 0x38800000 0x38800000))
        (local.get $normal)
        (i32x4.lt_u (local.get $size) (v128.const i32x4 0x00800000 0x00800000 0x00800000 0x00800000)))
      (i32x4.shl (v128.and (local.get $half) (v128.const i32x4 0x8000 0x8000 0x8000 0x8000)) (i32.const 16))))
  (func (export "fromFloat16") (param $count i32) (param $to i32) (result i32)
    (local $from i32) (local $end i32) (local $half v128) (local $bad v128)
    (local.set $end (i32.shl (local.get $count) (i32.const 1)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $from) (local.get $end)))
        (local.set $half (v128.load (local.get $from)))
        (local.set $bad (v128.or (local.get $bad)
          (i16x8.eq (v128.and (local.get $half) (v128.const i16x8 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00))
                    (v128.const i16x8 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00 0x7c00))))
        (v128.store (local.get $to) (call $widen (i32x4.extend_low_i16x8_u (local.get $half))))
        (v128.store offset=16 (local.get $to) (call $widen (i32x4.extend_high_i16x8_u (local.get $half))))
        (local.set $from (i32.add (local.get $from) (i32.const 16)))
        (local.set $to (i32.add (local.get $to) (i32.const 32)))
        (br $next)))
    (v128.any_true (local.get $bad))))
