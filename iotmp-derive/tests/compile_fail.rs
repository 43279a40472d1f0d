//! One case for every way in which a call of the macro can be wrong: each is one clear error.

#[test]
fn compile_fail() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
