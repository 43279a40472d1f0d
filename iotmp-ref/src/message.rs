//! Typed messages and their codecs, one module for every revision.

// Message names such as `Ok` and codes in decimal are the specification's, not ours.
iotmp_derive::messages!("../../spec/iotmp-2020.yaml");
iotmp_derive::messages!("../../spec/iotmp-2023.yaml");
iotmp_derive::messages!("../../spec/iotmp-2025.yaml");
iotmp_derive::messages!("../../spec/iotmp-shipping.yaml");
iotmp_derive::messages!("../../spec/nubison.yaml");
