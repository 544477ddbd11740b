//! The types that headers are made of, as source text.

use std::fmt::Write;

/// What is a `NonZero` is among the integers, as `NonZero<u32>`.
pub const INTEGERS: [&str; 16] = [
    "i8",
    "u8",
    "i16",
    "u16",
    "i32",
    "u32",
    "i64",
    "u64",
    "isize",
    "usize",
    "i128",
    "u128",
    "bool",
    "char",
    "NonZero<u32>",
    "NonZero<i64>",
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Float {
    F16,
    F32,
    F64,
    F128,
}

impl Float {
    pub fn name(self) -> &'static str {
        match self {
            Float::F16 => "f16",
            Float::F32 => "f32",
            Float::F64 => "f64",
            Float::F128 => "f128",
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Repr {
    Rust,
    C,
    Transparent,
}

/// A struct, or an enum of which a value is the variant `live`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Adt {
    pub id: usize,
    pub repr: Repr,
    pub named: bool,
    /// Floats of this type that are fields are of the type's own parameter.
    pub generic: Option<Float>,
    pub variants: Vec<Vec<Ty>>,
    pub live: usize,
    pub is_enum: bool,
    /// Of a value only the field `live` is used.
    pub is_union: bool,
    /// Whether the last field, a slice, is of the type's own parameter.
    pub tail: bool,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Ty {
    Float(Float),
    /// The function's or the impl's own type parameter.
    Param(Float),
    Int(&'static str),
    Unit,
    Phantom,
    Tuple(Vec<Ty>),
    Array(Box<Ty>, usize),
    /// Of a length that is a parameter of the function.
    ConstArray(Box<Ty>, usize),
    Option(Box<Ty>, bool),
    Result(Box<Ty>, Box<Ty>, bool),
    Adt(Box<Adt>),
    Simd(Float, usize),
    /// An array of which the first element, one in the middle and the last are used.
    Large(Box<Ty>, usize),
    /// These have a length that is no part of the type.
    Vec(Box<Ty>, usize),
    Slice(Box<Ty>, usize),
    Str,
    Text,
    Boxed(Box<Ty>),
    /// A reference inside of something else, and whether it is unique.
    Borrowed(Box<Ty>, bool),
}

impl Ty {
    pub fn children(&self) -> Vec<&Ty> {
        match self {
            Ty::Tuple(fields) => fields.iter().collect(),
            Ty::Array(ty, _) | Ty::ConstArray(ty, _) | Ty::Vec(ty, _) | Ty::Slice(ty, _) => {
                vec![ty]
            }
            Ty::Option(ty, _) | Ty::Boxed(ty) | Ty::Borrowed(ty, _) | Ty::Large(ty, _) => vec![ty],
            Ty::Result(ok, err, _) => vec![ok, err],
            Ty::Adt(adt) => adt.variants.iter().flatten().collect(),
            _ => vec![],
        }
    }

    /// Of what it has several, one after another.
    pub fn element(&self) -> Option<&Ty> {
        match self {
            Ty::Array(ty, n) | Ty::ConstArray(ty, n) | Ty::Vec(ty, n) | Ty::Slice(ty, n) => {
                (*n > 0).then_some(ty)
            }
            _ => None,
        }
    }

    pub fn any(&self, test: &dyn Fn(&Ty) -> bool) -> bool {
        test(self) || self.children().iter().any(|ty| ty.any(test))
    }

    pub fn has(&self, float: Float) -> bool {
        self.any(
            &|ty| matches!(ty, Ty::Float(of) | Ty::Param(of) | Ty::Simd(of, _) if *of == float),
        )
    }

    /// Whether there is something in it to differentiate by, in this value or another.
    pub fn has_float(&self) -> bool {
        match self {
            Ty::Float(_) | Ty::Param(_) | Ty::Simd(..) => true,
            Ty::Array(_, 0) | Ty::ConstArray(_, 0) => false,
            _ => self.children().iter().any(|ty| ty.has_float()),
        }
    }

    /// How many floats a value has.
    pub fn live_floats(&self) -> usize {
        match self {
            Ty::Float(_) | Ty::Param(_) => 1,
            Ty::Simd(_, n) => *n,
            Ty::Large(ty, _) => 3 * ty.live_floats(),
            Ty::Array(ty, n) | Ty::ConstArray(ty, n) | Ty::Vec(ty, n) | Ty::Slice(ty, n) => {
                n * ty.live_floats()
            }
            Ty::Option(ty, some) => usize::from(*some) * ty.live_floats(),
            Ty::Result(ok, err, is_ok) => if *is_ok { ok } else { err }.live_floats(),
            Ty::Adt(adt) => adt.variants[adt.live].iter().map(Ty::live_floats).sum(),
            _ => self.children().iter().map(|ty| ty.live_floats()).sum(),
        }
    }

    pub fn is_copy(&self) -> bool {
        let kept = |ty: &Ty| {
            matches!(ty, Ty::Vec(..) | Ty::Boxed(_) | Ty::Str | Ty::Slice(..) | Ty::Borrowed(..))
                || *ty == Ty::Text
        };
        !self.any(&kept)
    }

    /// Whether it holds references.
    pub fn borrows(&self) -> bool {
        self.any(&|ty| matches!(ty, Ty::Borrowed(..)))
    }

    /// What the references in it refer to, in their places: a type that can be kept.
    pub fn owned(&self) -> Ty {
        match self {
            Ty::Borrowed(ty, _) => ty.owned(),
            Ty::Slice(ty, n) => Ty::Vec(Box::new(ty.owned()), *n),
            Ty::Tuple(fields) => Ty::Tuple(fields.iter().map(Ty::owned).collect()),
            Ty::Array(ty, n) => Ty::Array(Box::new(ty.owned()), *n),
            Ty::Adt(adt) if self.borrows() => {
                Ty::Tuple(adt.variants[0].iter().map(Ty::owned).collect())
            }
            _ => self.clone(),
        }
    }

    /// As it is written where it is used. `inside` is the float that a type parameter `T` stands for in a
    /// definition.
    pub fn name(&self, inside: Option<Float>) -> String {
        let name = |ty: &Ty| ty.name(inside);
        match self {
            Ty::Float(float) if Some(*float) == inside => "T".into(),
            Ty::Float(float) => float.name().into(),
            Ty::Param(_) => "T".into(),
            Ty::Int(name) => (*name).into(),
            Ty::Unit => "()".into(),
            Ty::Phantom => "PhantomData<f64>".into(),
            Ty::Tuple(fields) => {
                let mut text = String::from("(");
                for field in fields {
                    write!(text, "{}, ", name(field)).unwrap();
                }
                if fields.len() > 1 {
                    text.truncate(text.len() - 2);
                } else {
                    text.truncate(text.trim_end().len());
                }
                text + ")"
            }
            Ty::Array(ty, n) => format!("[{}; {n}]", name(ty)),
            Ty::ConstArray(ty, _) => format!("[{}; N]", name(ty)),
            Ty::Option(ty, _) => format!("Option<{}>", name(ty)),
            Ty::Result(ok, err, _) => format!("Result<{}, {}>", name(ok), name(err)),
            Ty::Adt(adt) => match adt.generic {
                Some(float) => format!("{}<{}>", adt.name(), name(&Ty::Float(float))),
                None if adt.tail => {
                    format!("{}<{}>", adt.name(), name(adt.variants[0].last().unwrap()))
                }
                None if self.borrows() => format!("{}<'_>", adt.name()),
                None => adt.name(),
            },
            Ty::Simd(float, n) => format!("Simd<{}, {n}>", float.name()),
            Ty::Large(ty, n) => format!("Large<{}, {n}>", name(ty)),
            Ty::Vec(ty, _) => format!("Vec<{}>", name(ty)),
            Ty::Slice(ty, _) => format!("[{}]", name(ty)),
            Ty::Str => "str".into(),
            Ty::Text => "String".into(),
            Ty::Boxed(ty) => format!("Box<{}>", name(ty)),
            Ty::Borrowed(ty, false) => format!("&{}", name(ty)),
            Ty::Borrowed(ty, true) => format!("&mut {}", name(ty)),
        }
    }

    /// With the type parameter and the length parameter as what they stand for.
    pub fn concrete(&self) -> Ty {
        match self {
            Ty::Param(float) => Ty::Float(*float),
            Ty::ConstArray(ty, n) => Ty::Array(Box::new(ty.concrete()), *n),
            Ty::Array(ty, n) => Ty::Array(Box::new(ty.concrete()), *n),
            Ty::Slice(ty, n) => Ty::Slice(Box::new(ty.concrete()), *n),
            Ty::Tuple(fields) => Ty::Tuple(fields.iter().map(Ty::concrete).collect()),
            Ty::Option(ty, some) => Ty::Option(Box::new(ty.concrete()), *some),
            Ty::Adt(adt) if adt.tail => {
                let mut sized = adt.clone();
                let tail = sized.variants[0].last_mut().unwrap();
                if let Ty::Slice(ty, n) = tail {
                    *tail = Ty::Array(ty.clone(), *n);
                }
                Ty::Adt(sized)
            }
            _ => self.clone(),
        }
    }

    /// Adds the definitions that it needs, each once.
    pub fn definitions(&self, into: &mut Vec<Adt>) {
        for child in self.children() {
            child.definitions(into);
        }
        if let Ty::Adt(adt) = self
            && !into.iter().any(|other| other.id == adt.id)
        {
            into.push((**adt).clone());
        }
    }
}

impl Adt {
    pub fn name(&self) -> String {
        format!(
            "{}{}",
            if self.is_enum {
                "E"
            } else if self.is_union {
                "U"
            } else {
                "S"
            },
            self.id
        )
    }

    /// The path of a variant, or of the struct.
    pub fn path(&self, variant: usize) -> String {
        if self.is_enum { format!("{}::V{variant}", self.name()) } else { self.name() }
    }

    /// How a field is called behind a dot.
    pub fn field(&self, index: usize) -> String {
        if self.named { format!("f{index}") } else { index.to_string() }
    }

    /// The variant, or struct, with something for each field.
    pub fn with(&self, variant: usize, values: &[String]) -> String {
        let path = self.path(variant);
        if values.is_empty() {
            return path;
        }
        if self.named {
            let fields: Vec<_> =
                values.iter().enumerate().map(|(i, value)| format!("f{i}: {value}")).collect();
            format!("{path} {{ {} }}", fields.join(", "))
        } else {
            format!("{path}({})", values.join(", "))
        }
    }

    /// The definition, and how its leaves are visited.
    pub fn define(&self) -> String {
        let mut text = String::new();
        let copy = self.variants.iter().flatten().all(Ty::is_copy);
        let borrows = self.variants.iter().flatten().any(Ty::borrows);
        if !borrows && !self.tail {
            writeln!(text, "#[derive(Clone{})]", if copy { ", Copy" } else { "" }).unwrap();
        }
        match self.repr {
            Repr::Rust => {}
            Repr::C => writeln!(text, "#[repr(C)]").unwrap(),
            Repr::Transparent => writeln!(text, "#[repr(transparent)]").unwrap(),
        }
        let body = |fields: &[Ty], public: &str| {
            let fields: Vec<_> = fields
                .iter()
                .enumerate()
                .map(|(i, ty)| {
                    let label = if self.named { format!("f{i}: ") } else { String::new() };
                    let ty = match self.tail && i + 1 == fields.len() {
                        true => "U".into(),
                        false => ty.name(self.generic),
                    };
                    // A field's references live as long as the struct's own parameter says.
                    format!("{public}{label}{}", ty.replace('&', "&'a ").replace("'_", "'a"))
                })
                .collect();
            match (fields.is_empty(), self.named) {
                (true, _) => String::new(),
                (false, true) => format!(" {{ {} }}", fields.join(", ")),
                (false, false) => format!("({})", fields.join(", ")),
            }
        };
        let name = self.name();
        let parameter = match self.generic {
            Some(_) => "<T>",
            None if self.tail => "<U: ?Sized>",
            None if borrows => "<'a>",
            None => "",
        };
        if self.is_union {
            return text + &self.define_union();
        }
        if self.is_enum {
            writeln!(text, "pub enum {name} {{").unwrap();
            for (i, fields) in self.variants.iter().enumerate() {
                writeln!(text, "    V{i}{},", body(fields, "")).unwrap();
            }
            writeln!(text, "}}").unwrap();
        } else {
            let fields = body(&self.variants[0], "pub ");
            let end = if self.named && !fields.is_empty() { "" } else { ";" };
            writeln!(text, "pub struct {name}{parameter}{fields}{end}").unwrap();
        }
        if borrows {
            // Only what it refers to is kept.
            return text;
        }
        let (bound, parameter) = match self.generic {
            Some(_) => ("<T: Leaves>", "<T>"),
            None if self.tail => ("<U: Leaves>", "<U>"),
            None => ("", ""),
        };
        writeln!(text, "impl{bound} Leaves for {name}{parameter} {{").unwrap();
        writeln!(text, "    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {{").unwrap();
        if self.is_enum {
            writeln!(text, "        match self {{").unwrap();
            for (i, fields) in self.variants.iter().enumerate() {
                let names: Vec<_> = (0..fields.len()).map(|i| format!("x{i}")).collect();
                write!(text, "            {} => {{ v(Leaf::Tag({i}));", self.with(i, &names))
                    .unwrap();
                for name in names {
                    write!(text, " {name}.visit(v);").unwrap();
                }
                writeln!(text, " }}").unwrap();
            }
            writeln!(text, "        }}").unwrap();
        } else {
            for i in 0..self.variants[0].len() {
                writeln!(text, "        self.{}.visit(v);", self.field(i)).unwrap();
            }
            if self.variants[0].is_empty() {
                writeln!(text, "        let _ = v;").unwrap();
            }
        }
        writeln!(text, "    }}\n}}").unwrap();
        text
    }

    /// What follows the attributes of a union. Which field is used, the type itself says.
    fn define_union(&self) -> String {
        let mut text = format!("pub union {} {{", self.name());
        for (i, fields) in self.variants.iter().enumerate() {
            write!(text, " pub f{i}: {},", fields[0].name(None)).unwrap();
        }
        writeln!(text, " }}\nimpl Leaves for {} {{", self.name()).unwrap();
        writeln!(text, "    fn visit(&mut self, v: &mut dyn FnMut(Leaf<'_>)) {{").unwrap();
        writeln!(text, "        unsafe {{ self.f{}.visit(v) }}\n    }}\n}}", self.live).unwrap();
        text
    }
}
