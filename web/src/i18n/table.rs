//! A table of words: each line a key, English, Chinese. Under `say`, sentences with parameters.

macro_rules! words {
    (
        $(#[$about:meta])*
        $name:ident { $($key:ident: $en:expr, $zh:expr;)* }
        $(say { $($say:ident($($arg:ident: $type:ty),*): $say_en:expr, $say_zh:expr;)* })?
    ) => {
        $(#[$about])*
        pub struct $name {
            $(pub $key: &'static str,)*
            $($(pub $say: fn($($type),*) -> String,)*)?
        }

        impl $name {
            pub const EN: Self = Self {
                $($key: $en,)*
                $($($say: |$($arg: $type),*| $say_en,)*)?
            };
            pub const ZH: Self = Self {
                $($key: $zh,)*
                $($($say: |$($arg: $type),*| $say_zh,)*)?
            };
        }
    };
}
