//! How much the server keeps for its devices.

/// Limits of what is kept in memory for each user. No specification speaks of
/// them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Most bytes of memory for the values of all properties, buckets and
    /// retained topics.
    pub max_bytes: usize,
    /// Most bytes of memory for one value.
    pub max_value: usize,
    /// Most properties of one device.
    pub max_properties: usize,
    /// Most buckets.
    pub max_buckets: usize,
    /// Most values in a bucket; the oldest gives way.
    pub max_points: usize,
    /// Most locks that are held.
    pub max_locks: usize,
    /// Most subscriptions to events.
    pub max_subscriptions: usize,
    /// Most topics that keep their last value.
    pub max_retained: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_bytes: 8 << 20,
            max_value: 1 << 20,
            max_properties: 64,
            max_buckets: 64,
            max_points: 1000,
            max_locks: 64,
            max_subscriptions: 256,
            max_retained: 64,
        }
    }
}
