//! Judging what passes between others: scripted, forwarded and captured.

mod capture;
mod hostile;
mod pcap_file;
mod scripted;
mod shipping;
mod talk;
mod tapped;
mod tunnel;
