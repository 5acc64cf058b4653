use super::*;
use crate::gemm::RandomEpilogue;
use crate::testing::{assert_near, everywhere_at_random};

#[test]
fn agrees_with_three_loops() {
    everywhere_at_random(60, |ctx, random| {
        let b_transposed = random.flag();
        let (m, n, k) = (random.of(1..40), random.of(1..70), random.of(1..70));
        let shape = Matmul { batch: random.of(1..8), m, n, k, b_transposed };
        let (b_rows, b_width) = if b_transposed { (n, k) } else { (k, n) };
        let (lda, ldb, ldy) = (k + random.of(0..3), b_width + random.of(0..3), n + random.of(0..3));
        let (a_stride, y_stride) = (m * lda + random.of(0..5), m * ldy);
        let b_stride = if random.flag() { 0 } else { b_rows * ldb };
        let a = random.floats(shape.batch * a_stride);
        let b = random.floats(shape.batch * b_rows * ldb);
        let rows = shape.batch * m;
        let epilogue = RandomEpilogue::new(random, rows, n);

        let mut expected = vec![0.0; rows * n];
        for (at, sum) in expected.iter_mut().enumerate() {
            let (batch, i, j) = (at / n / m, at / n % m, at % n);
            let (a, b) = (&a[batch * a_stride..], &b[batch * b_stride..]);
            let b_at = |p| if b_transposed { j * ldb + p } else { p * ldb + j };
            *sum = (0..k).map(|p| f64::from(a[i * lda + p]) * f64::from(b[b_at(p)])).sum();
        }
        epilogue.apply(&mut expected, n);

        let mut out = epilogue.output(rows, n, ldy);
        let mut scratch = vec![f32::NAN; matmul_scratch_len(ctx.isa, &shape)];
        matmul(
            ctx,
            &shape,
            Operand { first: Rows::new(&a, [m, k], lda), batch_stride: a_stride },
            Operand { first: Rows::new(&b, [b_rows, b_width], ldb), batch_stride: b_stride },
            epilogue.epilogue(rows),
            OperandMut { first: RowsMut::new(&mut out, [m, n], ldy), batch_stride: y_stride },
            &mut scratch,
        );
        let found = RandomEpilogue::found(&out, rows, n, ldy);
        assert_near(&found, &expected, 1e-5, &(ctx, shape, &epilogue));
    });
}
