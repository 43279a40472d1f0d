//! The messages of each revision against bytes computed by hand from what its sources say.

// The generated codecs are the same macro's; what differs is the specification.
mod revisions {
    mod nubison;
}
