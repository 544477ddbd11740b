//! A header, and the formula that its primal computes.

use crate::rng::Rng;
use crate::types::{Adt, Float, Ty};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pass {
    Value,
    Ref,
    RefMut,
    ConstPtr,
    MutPtr,
}

impl Pass {
    pub fn is_mut(self) -> bool {
        matches!(self, Pass::RefMut | Pass::MutPtr)
    }
}

/// What the primal does with the floats that it can write to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Write {
    Nothing,
    /// Overwrites them, unread.
    Out,
    /// Overwrites some of what it has read.
    InOut,
}

/// In what kind of loop the primal reads the elements of an argument, if not one by one.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Loop {
    Iter,
    Backwards,
    Index,
    Chunks,
    Zip,
}

/// Copies of the elements of an argument in a container of the primal's own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Moved {
    pub make: Make,
    pub changes: Vec<Change>,
    /// Whether the elements have their numbers beside them, and if in front of them.
    pub number: Number,
}

/// How it gets its elements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Make {
    Collect,
    Push,
    Extend,
    InsertMiddle,
    Queue,
    Map,
    Boxes,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Number {
    Before(&'static str),
    Behind(&'static str),
}

/// What moves elements, and leaves all of them there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    /// By the first float of an element, if it has one, or by its number.
    Sort,
    SortUnstable,
    SortByNumber,
    Clone,
    Drain,
    Rotate,
    Reverse,
    SplitOff,
    RemoveAndInsert,
    SwapRemove,
    /// To more than there are, and back.
    Doubled,
    Shrink,
    Boxed,
}

/// What stands in a function that the primal calls and that is never inlined.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outlined {
    /// The primal itself.
    Whole,
    /// The formula, which takes and returns arrays by value.
    Formula,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Param {
    pub ty: Ty,
    pub pass: Pass,
    pub write: Write,
    pub active: bool,
    /// `DuplicatedOnly` and `DualOnly`, not `Duplicated` and `Dual`.
    pub only: bool,
    /// `Dualv`, not `Dual`.
    pub side_by_side: bool,
    pub walked: Option<Loop>,
    /// What happens to copies of the elements before they are read, if they are.
    pub moved: Option<Moved>,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ret {
    Unit,
    Value(Ty),
    /// To the first float of a parameter.
    Ref(usize),
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mode {
    pub reverse: bool,
    pub width: usize,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Header {
    pub id: usize,
    pub params: Vec<Param>,
    /// Whether the first parameter is `self`.
    pub receiver: bool,
    pub ret: Ret,
    pub ret_active: bool,
    pub ret_only: bool,
    pub modes: Vec<Mode>,
    /// Decides the formula.
    pub formula: u64,
    pub outlined: Option<Outlined>,
    /// Only weights and sums, once a failure has been shrunk so far.
    pub linear: bool,
}

/// A float of the arguments, as the primal reaches it.
#[derive(Clone)]
pub struct FloatLeaf {
    pub param: usize,
    pub float: Float,
    /// Of the function's type parameter.
    pub generic: bool,
    /// The matches around it, outermost first: what is matched, and with which pattern.
    pub heads: Vec<(String, String)>,
    pub place: String,
    /// Behind a shared reference inside of the argument.
    pub fixed: bool,
}

#[derive(Default)]
pub struct Leaves {
    pub floats: Vec<FloatLeaf>,
    /// Expressions of what the integers are as coefficients.
    pub ints: Vec<String>,
    /// Floats and integers of variants that the value is not.
    pub dead: Vec<String>,
}

#[derive(Default)]
struct Walk {
    leaves: Leaves,
    param: usize,
    heads: Vec<(String, String)>,
    bindings: usize,
    dead: bool,
    fixed: bool,
    /// Inside a struct whose parameter the function's own `T` is.
    inside: Option<Float>,
}

pub fn matched(heads: &[(String, String)], inner: String, default: &str) -> String {
    heads.iter().rev().fold(inner, |inner, (base, pattern)| {
        format!("match &{base} {{ {pattern} => {inner}, _ => {default} }}")
    })
}

impl Walk {
    fn variant(
        &mut self,
        base: &str,
        live: bool,
        fields: &[Ty],
        with: &dyn Fn(&[String]) -> String,
    ) {
        let names: Vec<_> = (0..fields.len()).map(|i| format!("b{}", self.bindings + i)).collect();
        self.bindings += fields.len();
        self.heads.push((base.to_string(), String::new()));
        let dead = self.dead;
        self.dead |= !live;
        for (i, ty) in fields.iter().enumerate() {
            // Only what is used is bound.
            let names: Vec<_> = (0..fields.len())
                .map(|j| if i == j { names[i].clone() } else { "_".into() })
                .collect();
            self.heads.last_mut().unwrap().1 = with(&names);
            self.walk(ty, &format!("(*{})", names[i]));
        }
        self.dead = dead;
        self.heads.pop();
    }

    fn float(&mut self, float: Float, generic: bool, place: &str) {
        if self.dead {
            let value = if generic { format!("{place}.to()") } else { format!("{place} as f64") };
            self.leaves.dead.push(matched(&self.heads, value, "0.0"));
        } else {
            let (param, heads) = (self.param, self.heads.clone());
            self.leaves.floats.push(FloatLeaf {
                param,
                float,
                generic,
                heads,
                place: place.into(),
                fixed: self.fixed,
            });
        }
    }

    fn walk(&mut self, ty: &Ty, place: &str) {
        match ty {
            Ty::Float(float) => self.float(*float, self.inside == Some(*float), place),
            Ty::Param(float) => self.float(*float, true, place),
            Ty::Simd(float, n) => {
                for i in 0..*n {
                    self.float(*float, false, &format!("{place}[{i}]"));
                }
            }
            Ty::Int(_) | Ty::Str | Ty::Text => {
                let value = match ty {
                    Ty::Str | Ty::Text => format!("{place}.len() as f64"),
                    Ty::Int("bool") => format!("(1.0 + {place} as u8 as f64)"),
                    Ty::Int("char") => format!("{place} as u32 as f64"),
                    Ty::Int(name) if name.starts_with("NonZero") => format!("{place}.get() as f64"),
                    _ => format!("{place} as f64"),
                };
                let into = if self.dead { &mut self.leaves.dead } else { &mut self.leaves.ints };
                into.push(matched(&self.heads, value, if self.dead { "0.0" } else { "1.0" }));
            }
            Ty::Unit | Ty::Phantom => {}
            Ty::Tuple(fields) => {
                for (i, ty) in fields.iter().enumerate() {
                    self.walk(ty, &format!("{place}.{i}"));
                }
            }
            Ty::Array(ty, n) | Ty::ConstArray(ty, n) | Ty::Vec(ty, n) | Ty::Slice(ty, n) => {
                for i in 0..*n {
                    self.walk(ty, &format!("{place}[{i}]"));
                }
            }
            Ty::Large(ty, n) => {
                for i in [0, n / 2, n - 1] {
                    self.walk(ty, &format!("{place}.0[{i}]"));
                }
            }
            Ty::Boxed(ty) => self.walk(ty, &format!("(*{place})")),
            Ty::Borrowed(ty, unique) => {
                let fixed = std::mem::replace(&mut self.fixed, !unique);
                self.walk(ty, &format!("(*{place})"));
                self.fixed = fixed;
            }
            Ty::Option(ty, some) => self
                .variant(place, *some, &[(**ty).clone()], &|names| format!("Some({})", names[0])),
            Ty::Result(ok, err, is_ok) => {
                self.variant(place, *is_ok, &[(**ok).clone()], &|names| {
                    format!("Ok({})", names[0])
                });
                self.variant(place, !is_ok, &[(**err).clone()], &|names| {
                    format!("Err({})", names[0])
                });
            }
            Ty::Adt(adt) => {
                // What is not generic has its own fields.
                let inside = self.inside;
                self.inside = inside.filter(|_| adt.generic == inside);
                self.walk_adt(adt, place);
                self.inside = inside;
            }
        }
    }

    fn walk_adt(&mut self, adt: &Adt, place: &str) {
        if adt.is_enum {
            for (i, fields) in adt.variants.iter().enumerate() {
                self.variant(place, i == adt.live, fields, &|names| adt.with(i, names));
            }
        } else if adt.is_union {
            self.walk(&adt.variants[adt.live][0], &format!("{place}.f{}", adt.live));
        } else {
            for (i, ty) in adt.variants[0].iter().enumerate() {
                self.walk(ty, &format!("{place}.{}", adt.field(i)));
            }
        }
    }
}

pub struct Output {
    /// The number of a float of the arguments, or of the result.
    pub arg: Option<usize>,
    pub ret: Option<usize>,
    pub terms: Vec<(u64, usize)>,
    pub pairs: Vec<(u64, usize, usize)>,
    pub constants: Vec<(u64, usize)>,
}

pub const FUNCTIONS: [&str; 6] = ["Same", "Sin", "Square", "Rational", "Exp", "Root"];

pub struct Formula {
    /// Which function each float goes through, and whether in its own precision.
    pub g: Vec<(usize, bool)>,
    pub by: Vec<Option<usize>>,
    pub outputs: Vec<Output>,
}

impl Header {
    pub fn place(&self, param: usize) -> String {
        let name = self.name(param);
        if self.params[param].pass == Pass::Value { name } else { format!("(*{name})") }
    }

    pub fn name(&self, param: usize) -> String {
        if self.receiver && param == 0 { "self".into() } else { format!("p{param}") }
    }

    /// The float that the impl's type parameter stands for.
    pub fn impl_generic(&self) -> Option<Float> {
        match &self.params.first()?.ty {
            Ty::Adt(adt) if self.receiver => adt.generic,
            _ => None,
        }
    }

    /// The float that the function's own type parameter stands for.
    pub fn generic(&self) -> Option<Float> {
        let mut found = None;
        let mut types: Vec<&Ty> = self.params.iter().map(|param| &param.ty).collect();
        if let Ret::Value(ty) = &self.ret {
            types.push(ty);
        }
        while let Some(ty) = types.pop() {
            if let Ty::Param(float) = ty {
                found = Some(*float);
            }
            types.extend(ty.children());
        }
        found
    }

    /// The floats of an element of an argument, called `e`.
    pub fn element(&self, param: usize) -> Vec<FloatLeaf> {
        let mut walk = Walk { param, ..Walk::default() };
        if let Some(element) = self.params[param].ty.element() {
            walk.walk(element, "(*e)");
        }
        walk.leaves.floats
    }

    pub fn leaves(&self) -> Leaves {
        let mut walk = Walk::default();
        for (i, param) in self.params.iter().enumerate() {
            walk.param = i;
            walk.inside = if i == 0 { self.impl_generic() } else { None };
            walk.walk(&param.ty, &self.place(i));
        }
        walk.leaves
    }

    /// The floats of what it returns.
    pub fn ret_floats(&self) -> usize {
        match &self.ret {
            Ret::Unit => 0,
            Ret::Value(ty) => ty.live_floats(),
            Ret::Ref(_) => 1,
        }
    }

    pub fn formula(&self, leaves: &Leaves) -> Formula {
        let mut rng = Rng::new(self.formula);
        let mut primes = (2..).filter(|n| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0));
        let mut g: Vec<_> =
            leaves.floats.iter().map(|_| (rng.below(FUNCTIONS.len()), rng.percent(50))).collect();
        let mut by: Vec<_> = leaves.floats.iter().map(|_| None).collect();
        let readable: Vec<_> = (0..leaves.floats.len())
            .filter(|&i| self.params[leaves.floats[i].param].write != Write::Out)
            .collect();
        // The largest `f16` is no large number.
        let half = |i: usize| leaves.floats[i].float == Float::F16;
        let mut constants = vec![];
        for int in 0..leaves.ints.len() {
            match readable.get(int) {
                Some(&i) if !self.linear && !half(i) => by[i] = Some(int),
                _ => constants.push((primes.next().unwrap(), int)),
            }
        }
        if self.linear {
            g.fill((0, false));
        }
        let mut outputs = vec![];
        let ret_only = matches!(self.ret, Ret::Ref(_));
        if let Ret::Ref(param) = self.ret {
            let first = leaves.floats.iter().position(|leaf| leaf.param == param).unwrap();
            (g[first], by[first]) = ((0, false), None);
            let (terms, pairs, constants) = (vec![(1, first)], vec![], vec![]);
            outputs.push(Output { arg: None, ret: Some(0), terms, pairs, constants });
        }
        let mut places: Vec<_> = match ret_only {
            true => vec![],
            false => (0..self.ret_floats()).map(|i| (None, Some(i))).collect(),
        };
        for (n, param) in self.params.iter().enumerate() {
            let mut own = (0..leaves.floats.len())
                .filter(|&i| leaves.floats[i].param == n && !leaves.floats[i].fixed);
            match param.write {
                Write::Nothing => {}
                Write::Out => places.extend(own.by_ref().take(4).map(|i| (Some(i), None))),
                // The first remains what it was, if there is another.
                Write::InOut => {
                    let own: Vec<_> = own.collect();
                    let skipped = usize::from(own.len() > 1);
                    places.extend(own.into_iter().skip(skipped).take(3).map(|i| (Some(i), None)));
                }
            }
        }
        for (n, (arg, ret)) in places.into_iter().enumerate() {
            let terms: Vec<_> = readable
                .iter()
                .filter(|&&i| n == 0 || (i * 5 + n * 3) % 4 < 2)
                .map(|&i| (primes.next().unwrap(), i))
                .collect();
            let mut pairs = vec![];
            for _ in 0..3 {
                if readable.len() > 1 && !self.linear {
                    let (i, j) = (rng.pick(&readable), rng.pick(&readable));
                    if i != j && !half(i) && !half(j) {
                        pairs.push((primes.next().unwrap(), i, j));
                    }
                }
            }
            let constants = if n == 0 { std::mem::take(&mut constants) } else { vec![] };
            outputs.push(Output { arg, ret, terms, pairs, constants });
        }
        Formula { g, by, outputs }
    }
}
