//! What a generated program checks with. It knows the primal as a formula, of which it computes values and
//! derivatives in closed form, and nothing of Enzyme.
//!
//! `leaves.rs` stands before it, in one file.

/// How far off, relative to what was summed up, a number may be: the sum is one of `f64` or has an `f32` in it,
/// or it ends in an `f16`.
const DOUBLE: f64 = 2e-13;
const SINGLE: f64 = 4e-6;
const HALF: f64 = 2e-3;

/// A smooth function, through which a float goes.
#[derive(Clone, Copy)]
pub enum G {
    Same,
    Sin,
    Square,
    Rational,
    Exp,
    Root,
}

impl G {
    fn value(self, x: f64) -> f64 {
        match self {
            G::Same => x,
            G::Sin => x.sin(),
            G::Square => x * x,
            G::Rational => x / (1.0 + x * x),
            G::Exp => (0.5 * x).exp(),
            G::Root => (1.0 + x * x).sqrt(),
        }
    }

    /// The slope, and what its rounding error is proportional to: terms may cancel.
    fn slope(self, x: f64) -> Sum {
        let value = match self {
            G::Same => 1.0,
            G::Sin => x.cos(),
            G::Square => 2.0 * x,
            G::Rational => (1.0 - x * x) / ((1.0 + x * x) * (1.0 + x * x)),
            G::Exp => 0.5 * (0.5 * x).exp(),
            G::Root => x / (1.0 + x * x).sqrt(),
        };
        let size = match self {
            G::Sin => 1.0,
            G::Rational => 1.0 / (1.0 + x * x),
            _ => value.abs(),
        };
        Sum { value, size }
    }
}

/// What a float of an argument is to the derivatives.
#[derive(Clone, Copy, PartialEq)]
pub enum Act {
    Const,
    /// By value.
    Active,
    /// By reference.
    Shadow,
    /// By reference, and the primal's own result may be missing.
    ShadowOnly,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Place {
    Ret(usize),
    Arg(usize),
}

pub struct Output {
    pub place: Place,
    /// Weight, float.
    pub terms: &'static [(f64, usize)],
    /// Weight, float, float.
    pub pairs: &'static [(f64, usize, usize)],
    /// Weight, integer.
    pub constants: &'static [(f64, usize)],
}

/// A primal. Its floats and integers are numbered throughout all arguments.
pub struct Spec {
    /// Whether there is an `f32` in it.
    pub single: bool,
    /// The floats that are `f16`, which are only read.
    pub half: &'static [usize],
    pub g: &'static [G],
    /// By which integer a float is multiplied.
    pub by: &'static [Option<usize>],
    pub act: &'static [Act],
    pub ret_active: bool,
    pub outputs: &'static [Output],
}

/// A sum, and the sum of its terms without their signs, which its rounding error is proportional to.
#[derive(Clone, Copy, Default)]
struct Sum {
    value: f64,
    size: f64,
}

impl Sum {
    fn add(&mut self, x: f64) {
        self.value += x;
        self.size += x.abs();
    }

    fn add_times(&mut self, factor: f64, x: Sum) {
        self.value += factor * x.value;
        self.size += factor.abs() * x.size;
    }
}

impl Spec {
    fn u(&self, i: usize, x: &[f64]) -> f64 {
        self.g[i].value(x[i])
    }

    fn by(&self, i: usize, k: &[f64]) -> f64 {
        self.by[i].map_or(1.0, |n| k[n])
    }

    fn value(&self, output: &Output, x: &[f64], k: &[f64]) -> Sum {
        let mut sum = Sum::default();
        output.terms.iter().for_each(|&(w, i)| sum.add(w * self.by(i, k) * self.u(i, x)));
        output.pairs.iter().for_each(|&(w, i, j)| sum.add(w * self.u(i, x) * self.u(j, x)));
        output.constants.iter().for_each(|&(w, n)| sum.add(w * k[n]));
        sum
    }

    fn slope(&self, output: &Output, by: usize, x: &[f64], k: &[f64]) -> Sum {
        let mut sum = Sum::default();
        let slope = self.g[by].slope(x[by]);
        for &(w, i) in output.terms {
            if i == by {
                sum.add_times(w * self.by(i, k), slope);
            }
        }
        for &(w, i, j) in output.pairs {
            if i == by {
                sum.add_times(w * self.u(j, x), slope);
            }
            if j == by {
                sum.add_times(w * self.u(i, x), slope);
            }
        }
        sum
    }

    fn written(&self, leaf: usize) -> bool {
        self.outputs.iter().any(|output| output.place == Place::Arg(leaf))
    }
}

/// Numbers that differ from each other, and from lane to lane in no constant ratio.
fn spread(lane: usize, count: usize) -> Vec<f64> {
    (0..count).map(|i| ((i * 13 + lane * (29 + 3 * i) + 5) % 31) as f64 / 4.0 - 3.375).collect()
}

/// What a derivative is called with, as it was before.
pub struct Before {
    reverse: bool,
    starts: Vec<Vec<f64>>,
    seed: Vec<f64>,
}

pub struct Test {
    spec: &'static Spec,
    x: Vec<f64>,
    k: Vec<f64>,
    others: Vec<(bool, f64)>,
    ret_others: Vec<(bool, f64)>,
    what: &'static str,
    /// Of the last forward mode: tangents, and those of the outputs.
    forward: Option<(Vec<f64>, Vec<f64>)>,
    /// Of the last reverse mode: adjoints of the outputs, and the gradient.
    reverse: Option<(Vec<f64>, Vec<f64>)>,
}

/// The floats of the arguments and of the result after a call, and what else is in both.
pub type Outcome = (Vec<f64>, Vec<f64>, Vec<(bool, f64)>, Vec<(bool, f64)>);

pub fn outcome(args: &mut dyn Leaves, ret: &mut dyn Leaves) -> Outcome {
    (floats(args), floats(ret), others(args), others(ret))
}

impl Test {
    /// Calls the primal directly and by pointer, and compares it with the formula, and the formula with
    /// finite differences.
    pub fn primal(
        spec: &'static Spec,
        args: &mut dyn Leaves,
        run: &mut dyn FnMut(&[f64], bool) -> Outcome,
    ) -> Test {
        let (x, others) = (floats(args), others(args));
        let k = others.iter().filter(|(int, _)| *int).map(|(_, x)| *x).collect();
        let what = "the primal, called directly";
        let (forward, reverse) = (None, None);
        let mut test = Test { spec, x, k, others, ret_others: vec![], what, forward, reverse };
        let x = test.x.clone();
        let (after, ret, other, ret_other) = run(&x, true);
        test.ret_others = ret_other;
        test.arguments(&after, &other, true);
        test.result(&ret, &test.ret_others.clone());
        test.what = "the primal, called by pointer";
        let (after, ret, other, ret_other) = run(&x, false);
        test.arguments(&after, &other, true);
        test.result(&ret, &ret_other);
        test.what = "the closed form against finite differences";
        test.differences(run);
        test
    }

    fn differences(&mut self, run: &mut dyn FnMut(&[f64], bool) -> Outcome) {
        let spec = self.spec;
        // With this, an `f16` of the arguments remains exact.
        let coarse = spec.single || !spec.half.is_empty();
        let h = if coarse { 1.0 / 128.0 } else { 1e-4 };
        for i in 0..self.x.len() {
            let mut ends = [1.0, -1.0].map(|sign| {
                let mut x = self.x.clone();
                x[i] += sign * h;
                run(&x, true)
            });
            let [(args1, ret1, ..), (args0, ret0, ..)] = &mut ends;
            for (n, output) in spec.outputs.iter().enumerate() {
                let difference = match output.place {
                    Place::Ret(at) => ret1[at] - ret0[at],
                    Place::Arg(at) => args1[at] - args0[at],
                };
                let want = spec.slope(output, i, &self.x, &self.k);
                let size = spec.value(output, &self.x, &self.k).size;
                let tolerance = if coarse {
                    2e-3 * want.size + 3e-5 * size
                } else {
                    1e-6 * want.size + 1e-9 * size
                };
                let got = difference / (2.0 * h);
                if !((got - want.value).abs() <= tolerance) {
                    self.wrong(&format!("output {n} by float {i}"), got, want.value);
                }
            }
        }
    }

    fn wrong(&self, name: &str, got: impl std::fmt::Debug, want: impl std::fmt::Debug) {
        println!("WRONG {}: {name}: got {got:?}, want {want:?}", self.what);
    }

    fn close(&self, name: &str, got: f64, want: Sum) {
        let tolerance =
            if self.spec.single { SINGLE } else { DOUBLE } * (want.size + want.value.abs());
        println!("NUMBER {got:e} {tolerance:e}");
        if !((got - want.value).abs() <= tolerance) {
            self.wrong(name, got, want.value);
        }
    }

    fn same(&self, name: &str, got: &[(bool, f64)], want: &[(bool, f64)]) {
        if got != want {
            self.wrong(name, got, want);
        }
    }

    /// The arguments after a call.
    fn arguments(&self, after: &[f64], other: &[(bool, f64)], all: bool) {
        let spec = self.spec;
        for (i, &got) in after.iter().enumerate() {
            let output = spec.outputs.iter().find(|output| output.place == Place::Arg(i));
            match output {
                Some(_) if spec.act[i] == Act::ShadowOnly && !all => {}
                Some(output) => {
                    let want = spec.value(output, &self.x, &self.k);
                    self.close(&format!("float {i} of the arguments"), got, want);
                }
                None if got.to_bits() == self.x[i].to_bits() => {}
                None => self.wrong(&format!("float {i} of the arguments"), got, self.x[i]),
            }
        }
        self.same("what is no float of the arguments", other, &self.others);
    }

    /// What a call returns as the primal's value.
    fn result(&self, ret: &[f64], other: &[(bool, f64)]) {
        for output in self.spec.outputs {
            if let Place::Ret(at) = output.place {
                let want = self.spec.value(output, &self.x, &self.k);
                self.close(&format!("float {at} of the result"), ret[at], want);
            }
        }
        self.same("what is no float of the result", other, &self.ret_others);
    }

    /// Fills shadows and seed.
    pub fn before(
        &mut self,
        what: &'static str,
        reverse: bool,
        shadows: &mut [&mut dyn Leaves],
        seed: &mut dyn Leaves,
    ) -> Before {
        self.what = what;
        let mut starts = vec![];
        for (lane, shadow) in shadows.iter_mut().enumerate() {
            starts.push(spread(lane, self.x.len()));
            set(*shadow, &starts[lane]);
        }
        let count = floats(seed).len();
        let values = spread(7, count);
        set(seed, &values);
        Before { reverse, starts, seed: values }
    }

    /// `shadows` are those by reference, and the gradients by value in their places.
    pub fn after(
        &mut self,
        before: Before,
        args: &mut dyn Leaves,
        shadows: &mut [&mut dyn Leaves],
        ret: Option<&mut dyn Leaves>,
        tangents: &mut [&mut dyn Leaves],
    ) {
        self.arguments(&floats(args), &others(args), false);
        if let Some(ret) = ret {
            self.result(&floats(ret), &others(ret));
        }
        for (lane, shadow) in shadows.iter_mut().enumerate() {
            let got = floats(*shadow);
            self.same(
                &format!("what is no float of shadow {lane}"),
                &others(*shadow),
                &self.others,
            );
            if got.len() != self.x.len() {
                return self.wrong(
                    &format!("count of floats of shadow {lane}"),
                    got.len(),
                    self.x.len(),
                );
            }
            if before.reverse {
                self.adjoints(&before, lane, &got);
            } else {
                let tangent =
                    tangents.get_mut(lane).map(|tangent| (floats(*tangent), others(*tangent)));
                self.tangents(&before, lane, &got, tangent);
            }
        }
        self.forward_against_reverse();
    }

    fn adjoints(&mut self, before: &Before, lane: usize, got: &[f64]) {
        let spec = self.spec;
        let start = &before.starts[lane];
        let seeds: Vec<_> = spec
            .outputs
            .iter()
            .map(|output| match output.place {
                Place::Ret(at) => {
                    if spec.ret_active {
                        before.seed[at]
                    } else {
                        0.0
                    }
                }
                Place::Arg(at) => {
                    if spec.act[at] == Act::Const {
                        0.0
                    } else {
                        start[at]
                    }
                }
            })
            .collect();
        let mut gradient = vec![0.0; got.len()];
        for i in 0..got.len() {
            let mut want = Sum::default();
            if spec.act[i] == Act::Const {
                continue;
            }
            if spec.act[i] != Act::Active && !spec.written(i) {
                want.add(start[i]);
            }
            gradient[i] = got[i] - want.value;
            for (output, &seed) in spec.outputs.iter().zip(&seeds) {
                want.add_times(seed, spec.slope(output, i, &self.x, &self.k));
            }
            if spec.half.contains(&i) {
                want.size *= HALF / if spec.single { SINGLE } else { DOUBLE };
            }
            self.close(&format!("shadow {lane}, float {i}"), got[i], want);
        }
        if lane == 0 {
            self.reverse = Some((seeds, gradient));
        }
    }

    fn tangents(
        &mut self,
        before: &Before,
        lane: usize,
        got: &[f64],
        tangent: Option<(Vec<f64>, Vec<(bool, f64)>)>,
    ) {
        let spec = self.spec;
        let start = &before.starts[lane];
        let mut of_outputs = vec![];
        for output in spec.outputs {
            let mut want = Sum::default();
            for i in 0..got.len() {
                if spec.act[i] != Act::Const {
                    want.add_times(start[i], spec.slope(output, i, &self.x, &self.k));
                }
            }
            let (name, got) = match output.place {
                Place::Ret(at) => match &tangent {
                    Some((tangent, _)) => {
                        (format!("tangent {lane}, float {at} of the result"), tangent[at])
                    }
                    None => continue,
                },
                Place::Arg(at) if spec.act[at] == Act::Const => continue,
                Place::Arg(at) => (format!("tangent {lane}, float {at} of the arguments"), got[at]),
            };
            self.close(&name, got, want);
            of_outputs.push(got);
        }
        if let Some((_, other)) = &tangent {
            let tags = |of: &[(bool, f64)]| -> Vec<_> {
                of.iter().filter(|(int, _)| !*int).copied().collect()
            };
            self.same("variants of the tangent", &tags(other), &tags(&self.ret_others));
        }
        for (i, &got) in got.iter().enumerate() {
            if !spec.written(i) && got.to_bits() != start[i].to_bits() {
                self.wrong(&format!("tangent {lane}, float {i} of the arguments"), got, start[i]);
            }
        }
        if lane == 0 {
            self.forward = Some((start.clone(), of_outputs));
        }
    }

    /// The same Jacobian from both: <seed, J tangent> is <J^T seed, tangent>.
    fn forward_against_reverse(&mut self) {
        let (Some((tangent, outputs)), Some((seeds, gradient))) = (&self.forward, &self.reverse)
        else {
            return;
        };
        let spec = self.spec;
        let differentiated: Vec<_> = spec
            .outputs
            .iter()
            .zip(seeds)
            .filter(|(output, _)| match output.place {
                Place::Ret(_) => spec.ret_active,
                Place::Arg(at) => spec.act[at] != Act::Const,
            })
            .map(|(_, seed)| seed)
            .collect();
        let (mut one, mut other) = (Sum::default(), Sum::default());
        differentiated.iter().zip(outputs).for_each(|(seed, x)| one.add(*seed * x));
        let size = (0..tangent.len()).fold(0.0, |size, i| {
            let slopes =
                spec.outputs.iter().map(|output| spec.slope(output, i, &self.x, &self.k).size);
            let half = if spec.half.contains(&i) { HALF / DOUBLE } else { 1.0 };
            size + 4.0 * half * tangent[i].abs() * slopes.sum::<f64>()
        });
        for i in 0..tangent.len() {
            if spec.act[i] != Act::Const {
                other.add(tangent[i] * gradient[i]);
            }
        }
        other.size += size + one.size;
        self.what = "forward against reverse mode";
        self.close("<seed, J tangent> and <J^T seed, tangent>", one.value, other);
        (self.forward, self.reverse) = (None, None);
    }
}
