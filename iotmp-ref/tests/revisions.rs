//! The messages of each revision against bytes computed by hand from what its sources say.

mod revisions {
    #[macro_use]
    mod check;

    #[cfg(feature = "arbitrary")]
    mod arbitrary;
    mod iotmp_2020;
    mod iotmp_2023;
    mod nubison;
}
