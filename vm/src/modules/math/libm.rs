//! Functions of the C library that `std` lacks or computes by itself.

macro_rules! c_functions {
    ($($name:ident($($arg:ident: $t:ty),*);)*) => {
        // SAFETY: C99's <math.h>, with these signatures; pure functions, defined for every argument.
        unsafe extern "C" {
            $(pub safe fn $name($($arg: $t),*) -> f64;)*
        }
    };
}

c_functions! {
    acosh(x: f64);
    cbrt(x: f64);
    asinh(x: f64);
    atanh(x: f64);
    erf(x: f64);
    erfc(x: f64);
    remainder(x: f64, y: f64);
    ldexp(x: f64, e: i32);
}
