//! Primals that use itertools' adaptors.

#![feature(autodiff)]

mod common;

use itertools::{EitherOrBoth, FoldWhile, Itertools, iproduct, izip};

primals! {
    fn sorted_by(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().sorted_by(|a, b| a.total_cmp(b)).fold(0.0, |sum, x| sum * 0.5 + x * x)
    }

    fn sorted_by_values(x) at [1.0, -0.5, 2.0, 0.25] {
        let sorted = x.iter().map(|x| x * x).sorted_by(|a, b| a.total_cmp(b)).collect_vec();
        sorted[0] * sorted[1] + sorted[3]
    }

    fn sorted_by_key_of_pairs(x) at [1.0, -0.5, 2.0, 0.25] {
        let mut pairs = x.iter().enumerate().sorted_by_key(|(i, _)| (i + 2) % 4);
        pairs.next().unwrap().1 * pairs.next().unwrap().1
    }

    fn sorted_by_partial_cmp(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().copied().sorted_by(|a, b| b.partial_cmp(a).unwrap()).take(2).product()
    }

    fn position_of_largest(x) at [1.0, -0.5, 2.0, 0.25] {
        let i = x.iter().position_max_by(|a, b| a.total_cmp(b)).unwrap();
        x[i] * x[0]
    }

    fn tuple_windows(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().tuple_windows().map(|(a, b, c)| a * b + c * c).sum()
    }

    fn tuples(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().tuples().map(|(a, b)| a * b * b).sum()
    }

    fn fold_while(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter()
            .fold_while(1.0, |product, x| {
                if *x > 1.5 { FoldWhile::Done(product) } else { FoldWhile::Continue(product * x) }
            })
            .into_inner()
    }

    fn zip_longest(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter()
            .zip_longest(&x[1..])
            .map(|pair| match pair {
                EitherOrBoth::Both(a, b) => a * b,
                EitherOrBoth::Left(a) | EitherOrBoth::Right(a) => a * a,
            })
            .sum()
    }

    fn cartesian_product(x) at [1.0, -0.5, 2.0] {
        x.iter().cartesian_product(x).map(|(a, b)| (a * b).sin()).sum()
    }

    fn multi_cartesian_product(x) at [1.0, -0.5, 2.0, 0.25] {
        x.chunks(2)
            .map(|pair| pair.iter().copied())
            .multi_cartesian_product()
            .map(|pair| pair[0] * pair[1] * pair[1])
            .sum()
    }

    fn product_by_macro(x) at [1.0, -0.5, 2.0] {
        iproduct!(x, x, 0..2).map(|(a, b, i)| a * b * b * i as f64).sum()
    }

    fn zip_by_macro(x) at [1.0, -0.5, 2.0] {
        izip!(x, &x[1..], x.iter().rev()).map(|(a, b, c)| a * b * c).sum()
    }

    fn combinations(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().combinations(2).map(|pair| pair[0] * pair[1] * pair[1]).sum()
    }

    fn array_combinations(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().array_combinations().map(|[a, b]| (a - b).powi(2)).sum()
    }

    fn permutations(x) at [1.0, -0.5, 2.0] {
        x.iter().copied().permutations(2).map(|pair| pair[0].exp() * pair[1]).sum()
    }

    fn minmax(x) at [1.0, -0.5, 2.0, 0.25] {
        let (least, largest) = x
            .iter()
            .minmax_by(|a, b| a.total_cmp(b))
            .into_option()
            .unwrap();
        least * largest
    }

    fn interleave_and_merge(x) at [1.0, -0.5, 2.0, 0.25] {
        let interleaved: f64 =
            x[..2].iter().interleave(&x[2..]).fold(0.0, |sum, x| sum * 0.5 + x * x);
        let merged = x[..1].iter().merge_by(&x[2..], |a, b| a <= b).copied().collect_vec();
        interleaved + merged[0] * merged[1]
    }

    fn coalesce(x) at [1.0, 0.5, -2.0, -0.25] {
        x.iter()
            .copied()
            .coalesce(|a, b| if a * b > 0.0 { Ok(a * b) } else { Err((a, b)) })
            .map(|x| x * x)
            .sum()
    }

    fn sums_and_products(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().copied().sum1::<f64>().unwrap() * x.iter().copied().product1::<f64>().unwrap()
    }

    fn tree_reduce(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().copied().tree_reduce(|a, b| a * b + a).unwrap()
    }

    fn grouped_in_a_map(x) at [1.0, -0.5, 2.0, 0.25] {
        let groups = x.iter().copied().enumerate().map(|(i, x)| (i % 2, x)).into_group_map();
        groups[&0].iter().product::<f64>() + groups[&1].iter().map(|x| x * x).sum::<f64>()
    }

    fn partitioned(x) at [1.0, -0.5, 2.0, 0.25] {
        let (above, below): (Vec<f64>, Vec<f64>) =
            x.iter().partition_map(|&x| {
                if x > 0.5 { itertools::Either::Left(x) } else { itertools::Either::Right(x * x) }
            });
        above.iter().product::<f64>() * below.iter().sum::<f64>()
    }

    fn unique_and_dedup(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().dedup_by(|a, b| **a > 0.0 && **b > 0.0).map(|x| x * x).sum::<f64>()
            + x.iter().unique_by(|x| x.to_bits() >> 63).product::<f64>()
    }

    fn collected_tuple(x) at [1.0, -0.5, 2.0] {
        let (a, b, c) = x.iter().copied().collect_tuple().unwrap();
        a * b + c * c
    }

    fn batching(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter()
            .batching(|it| Some(it.next()? * it.next()?))
            .map(f64::sin)
            .sum()
    }

    fn k_smallest(x) at [1.0, -0.5, 2.0, 0.25] {
        x.iter().k_smallest_by(2, |a, b| a.total_cmp(b)).map(|x| x * x).sum()
    }

    fn scan_and_intersperse(x) at [1.0, -0.5, 2.0] {
        Itertools::intersperse(x.iter().copied(), x[1]).fold(0.0, |sum, x| sum * 0.5 + x * x)
    }
}
