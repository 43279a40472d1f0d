//! Reference codec, sessions, device and server of IOTMP.
