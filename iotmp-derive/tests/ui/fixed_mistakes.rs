//! Every mistake in a fixed layout is told at once, and nothing else is.

iotmp_derive::messages!("fixed_mistakes.yaml");

fn main() {
    let bytes = fixed_mistakes::Message::from(fixed_mistakes::Yes { ticket: 1 }).to_vec();
    let _ = fixed_mistakes::decode_answer(&bytes.unwrap(), fixed_mistakes::MessageType::ASK);
}
