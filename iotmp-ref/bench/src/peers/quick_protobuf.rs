//! The messages as quick-protobuf's generator would write them.
//!
//! Its structs hold `Cow`s; ours lend text and bytes, which costs it nothing.

use quick_protobuf::sizeofs::{sizeof_len, sizeof_varint};
use quick_protobuf::{
    BytesReader, BytesWriter, MessageRead, MessageWrite, Result, Writer, WriterBackend,
};

use crate::payloads::{
    Batch, Blob, Call, Interval, Login, Measurement, Reading, Refusal, Sample, Subscription, Unit,
};

/// Writes a message to the start of `buffer`.
#[inline]
pub fn write<M: MessageWrite>(message: &M, buffer: &mut [u8]) {
    let mut writer = Writer::new(BytesWriter::new(buffer));
    message.write_message(&mut writer).unwrap();
}

/// Reads a message that is all of `bytes`.
#[inline]
pub fn read<'a, M: MessageRead<'a>>(bytes: &'a [u8]) -> M {
    let mut reader = BytesReader::from_bytes(bytes);
    M::from_reader(&mut reader, bytes).unwrap()
}

/// A field of a message: its tag, how it is written, read and sized.
///
/// Defaults are left out, as proto3 has it.
macro_rules! message {
    ($type:ident $(<$life:lifetime>)? { $($field:ident = $tag:literal $kind:ident,)+ }) => {
        impl<'a> MessageRead<'a> for $type $(<$life>)? {
            fn from_reader(r: &mut BytesReader, bytes: &'a [u8]) -> Result<Self> {
                let mut msg = Self::default();
                while !r.is_eof() {
                    match r.next_tag(bytes) {
                        $(Ok($tag) => message!(@read $kind, msg.$field, r, bytes),)+
                        Ok(t) => r.read_unknown(bytes, t)?,
                        Err(e) => return Err(e),
                    }
                }
                Ok(msg)
            }
        }

        impl $(<$life>)? MessageWrite for $type $(<$life>)? {
            fn get_size(&self) -> usize {
                0 $(+ message!(@size $kind, self.$field))+
            }

            fn write_message<W: WriterBackend>(&self, w: &mut Writer<W>) -> Result<()> {
                $(message!(@write $kind, self.$field, $tag, w);)+
                Ok(())
            }
        }
    };

    (@read double, $at:expr, $r:ident, $bytes:ident) => { $at = $r.read_double($bytes)? };
    (@read uint16, $at:expr, $r:ident, $bytes:ident) => { $at = $r.read_uint32($bytes)? as u16 };
    (@read uint32, $at:expr, $r:ident, $bytes:ident) => { $at = $r.read_uint32($bytes)? };
    (@read bool, $at:expr, $r:ident, $bytes:ident) => { $at = $r.read_bool($bytes)? };
    (@read string, $at:expr, $r:ident, $bytes:ident) => { $at = $r.read_string($bytes)? };
    (@read bytes, $at:expr, $r:ident, $bytes:ident) => { $at = $r.read_bytes($bytes)? };
    (@read message, $at:expr, $r:ident, $bytes:ident) => { $at = $r.read_message($bytes)? };
    (@read repeated, $at:expr, $r:ident, $bytes:ident) => {
        $at.push($r.read_message($bytes)?)
    };

    (@size double, $at:expr) => { if $at == 0.0 { 0 } else { 1 + 8 } };
    (@size uint16, $at:expr) => { if $at == 0 { 0 } else { 1 + sizeof_varint(u64::from($at)) } };
    (@size uint32, $at:expr) => { if $at == 0 { 0 } else { 1 + sizeof_varint(u64::from($at)) } };
    (@size bool, $at:expr) => { if $at { 1 + 1 } else { 0 } };
    (@size string, $at:expr) => { if $at.is_empty() { 0 } else { 1 + sizeof_len($at.len()) } };
    (@size bytes, $at:expr) => { if $at.is_empty() { 0 } else { 1 + sizeof_len($at.len()) } };
    (@size message, $at:expr) => { 1 + sizeof_len($at.get_size()) };
    (@size repeated, $at:expr) => {
        $at.iter().map(|s| 1 + sizeof_len(s.get_size())).sum::<usize>()
    };

    (@write double, $at:expr, $tag:literal, $w:ident) => {
        if $at != 0.0 { $w.write_with_tag($tag, |w| w.write_double($at))? }
    };
    (@write uint16, $at:expr, $tag:literal, $w:ident) => {
        if $at != 0 { $w.write_with_tag($tag, |w| w.write_uint32(u32::from($at)))? }
    };
    (@write uint32, $at:expr, $tag:literal, $w:ident) => {
        if $at != 0 { $w.write_with_tag($tag, |w| w.write_uint32($at))? }
    };
    (@write bool, $at:expr, $tag:literal, $w:ident) => {
        if $at { $w.write_with_tag($tag, |w| w.write_bool($at))? }
    };
    (@write string, $at:expr, $tag:literal, $w:ident) => {
        if !$at.is_empty() { $w.write_with_tag($tag, |w| w.write_string($at))? }
    };
    (@write bytes, $at:expr, $tag:literal, $w:ident) => {
        if !$at.is_empty() { $w.write_with_tag($tag, |w| w.write_bytes($at))? }
    };
    (@write message, $at:expr, $tag:literal, $w:ident) => {
        $w.write_with_tag($tag, |w| w.write_message(&$at))?
    };
    (@write repeated, $at:expr, $tag:literal, $w:ident) => {
        for s in &$at { $w.write_with_tag($tag, |w| w.write_message(s))? }
    };
}

message!(Reading<'a> {
    temperature = 9 double,
    humidity = 16 uint32,
    status = 26 string,
    active = 32 bool,
});
message!(Unit { celsius = 8 bool, });
message!(Interval { interval = 8 uint32, });
message!(Sample<'a> { stream_id = 8 uint16, payload = 18 message, });
message!(Call<'a> { stream_id = 8 uint16, payload = 18 message, resource = 26 string, });
message!(Batch<'a> { stream_id = 8 uint16, payload = 18 repeated, });
message!(Blob<'a> { stream_id = 8 uint16, payload = 18 bytes, });
message!(Subscription<'a> { stream_id = 8 uint16, parameters = 18 message, resource = 26 string, });
message!(Refusal<'a> { stream_id = 8 uint16, parameters = 16 uint32, payload = 26 string, });
message!(Measurement<'a> { session_id = 10 bytes, access_token = 18 string, payload = 26 bytes, });

impl<'a> MessageRead<'a> for Login<'a> {
    fn from_reader(r: &mut BytesReader, bytes: &'a [u8]) -> Result<Self> {
        let mut msg = Self::default();
        while !r.is_eof() {
            match r.next_tag(bytes) {
                Ok(8) => msg.stream_id = r.read_uint32(bytes)? as u16,
                Ok(18) => msg.payload[0] = r.read_string(bytes)?,
                Ok(26) => msg.payload[1] = r.read_string(bytes)?,
                Ok(34) => msg.payload[2] = r.read_string(bytes)?,
                Ok(t) => r.read_unknown(bytes, t)?,
                Err(e) => return Err(e),
            }
        }
        Ok(msg)
    }
}

impl MessageWrite for Login<'_> {
    fn get_size(&self) -> usize {
        let text = |text: &str| 1 + sizeof_len(text.len());
        1 + sizeof_varint(u64::from(self.stream_id))
            + text(self.payload[0])
            + text(self.payload[1])
            + text(self.payload[2])
    }

    fn write_message<W: WriterBackend>(&self, w: &mut Writer<W>) -> Result<()> {
        w.write_with_tag(8, |w| w.write_uint32(u32::from(self.stream_id)))?;
        w.write_with_tag(18, |w| w.write_string(self.payload[0]))?;
        w.write_with_tag(26, |w| w.write_string(self.payload[1]))?;
        w.write_with_tag(34, |w| w.write_string(self.payload[2]))
    }
}
