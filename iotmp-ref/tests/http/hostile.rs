//! Clients that err, or mean no good.

use core::time::Duration;

use tokio::io::AsyncReadExt;

use crate::client::{RESOURCES, TOKEN, request, within, world};

#[tokio::test]
async fn who_shows_no_token_learns_nothing() {
    let world = world(|_| ()).await;
    let long = "x".repeat(4000);
    for header in [
        "",
        "Authorization: Bearer\r\n",
        "Authorization: Bearer \r\n",
        "Authorization: Bearer s3cre\r\n",
        "Authorization: Bearer s3cret0\r\n",
        "Authorization: Basic s3cret\r\n",
        &format!("Authorization: Bearer {long}\r\n"),
    ] {
        let mut bodies = Vec::new();
        for device in ["sensor1", "sensor2", "sensor3"] {
            let path = format!("/v3/users/user1/devices/{device}/resources/temperature");
            let answer = world
                .send(&format!("GET {path} HTTP/1.1\r\nHost: h\r\n{header}\r\n"))
                .await;
            assert_eq!(
                (answer.status, answer.code().as_str()),
                (401, "unauthorized"),
                "{header}"
            );
            assert!(
                answer.head.contains("www-authenticate: bearer"),
                "{}",
                answer.head
            );
            bodies.push(answer.body);
        }
        bodies.dedup();
        assert_eq!(bodies.len(), 1);
    }
    let header = format!("authorization: bearer {TOKEN}\r\n");
    let answer = world
        .send(&format!(
            "GET {RESOURCES} HTTP/1.1\r\nHost: h\r\n{header}\r\n"
        ))
        .await;
    assert_eq!(answer.status, 200);
}

#[tokio::test]
async fn bodies_are_bounded_and_json() {
    let world = world(|config| config.max_body = 1000).await;
    let echo = format!("{RESOURCES}/echo");
    let exact = format!("\"{}\"", "x".repeat(998));
    assert_eq!(world.post(&echo, &exact).await.status, 200);
    for length in [999, 3000, 100_000] {
        let body = format!("\"{}\"", "x".repeat(length));
        let answer = world.post(&echo, &body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (413, "body_too_large"),
            "{length}"
        );
    }
    // A length that nobody announced.
    let chunk = format!("3e8\r\n{}\r\n", "x".repeat(1000));
    let chunked = format!(
        "POST {echo} HTTP/1.1\r\nHost: h\r\nAuthorization: Bearer {TOKEN}\r\n\
         Transfer-Encoding: chunked\r\n\r\n{}0\r\n\r\n",
        chunk.repeat(5)
    );
    assert_eq!(world.send(&chunked).await.code(), "body_too_large");
    let deep = "[".repeat(900);
    for body in ["{", "hello", "1 2", "{\"a\":}", "\"\u{0}\"", &deep] {
        let answer = world.post(&echo, body).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_json"),
            "{body}"
        );
    }
    let latin = [request("POST", &echo, "", "xxx").as_bytes(), b""].concat();
    let latin = String::from_utf8(latin).unwrap().replace("xxx", "\"é");
    assert_eq!(world.send(&latin).await.code(), "bad_json");
}

#[tokio::test]
async fn intervals_that_cannot_be_are_refused_before_the_device_is_asked() {
    let world = world(|_| ()).await;
    for interval in ["soon", "-1", "0.0001", "1e99", "NaN", ""] {
        let path = format!("{RESOURCES}/counter?interval={interval}");
        let answer = world
            .send(&request("GET", &path, "Accept: text/event-stream\r\n", ""))
            .await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (400, "bad_interval"),
            "{interval}"
        );
    }
}

#[tokio::test]
async fn what_is_no_http_is_refused_and_closed() {
    let world = world(|config| config.read_timeout = Duration::from_millis(20)).await;
    for (bytes, status) in [
        ("\u{0}\u{1}\u{2}\r\n\r\n".into(), "400"),
        (
            format!("GET /{} HTTP/1.1\r\n\r\n", "x".repeat(20_000)),
            "431",
        ),
        (
            format!("GET / HTTP/1.1\r\n{}\r\n", "A: b\r\n".repeat(100)),
            "431",
        ),
    ] {
        let mut wire = world.dial().await;
        wire.write(&bytes).await;
        let mut answer = Vec::new();
        // It may be reset over what was not read.
        let _ = within(wire.0.read_to_end(&mut answer)).await;
        let answer = String::from_utf8(answer).unwrap();
        assert!(answer.is_empty() || answer.contains(status), "{answer}");
    }
    // Who is slow with the head, or says nothing, is not waited for.
    for part in ["", "GET / HT"] {
        let mut wire = world.dial().await;
        wire.write(part).await;
        let mut rest = Vec::new();
        let _ = within(wire.0.read_to_end(&mut rest)).await;
    }
    // Nor who is slow with the body.
    let late = request("POST", &format!("{RESOURCES}/echo"), "", "12345").replace("12345", "12");
    let answer = world.send(&late).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (408, "body_timeout")
    );
    assert_eq!(world.get(RESOURCES).await.status, 200);
}

#[tokio::test]
async fn listeners_and_connections_are_counted() {
    let world = world(|config| {
        config.max_listeners = 3;
        config.max_connections = 5;
    })
    .await;
    let path = format!("{RESOURCES}/counter");
    let mut listeners = Vec::new();
    for _ in 0..3 {
        listeners.push(world.listen(&path).await);
    }
    let refused = world
        .send(&request("GET", &path, "Accept: text/event-stream\r\n", ""))
        .await;
    assert_eq!((refused.status, refused.code().as_str()), (503, "busy"));
    // A place that is given back is free again, once the server has seen it.
    drop(listeners.pop());
    for _ in 0..10_000 {
        let answer = {
            let mut wire = world.dial().await;
            wire.write(&request("GET", &path, "Accept: text/event-stream\r\n", ""))
                .await;
            wire.head().await
        };
        if answer.0 == 200 {
            break;
        }
        assert_eq!(answer.0, 503);
    }
}

#[tokio::test]
async fn a_listener_that_does_not_read_holds_nobody_up() {
    let world = world(|config| config.max_lag = 2).await;
    let path = format!("{RESOURCES}/echo");
    let _sleeper = world.listen(&path).await;
    let mut reader = world.listen(&path).await;
    let large = format!("\"{}\"", "x".repeat(100_000));
    for _ in 0..100 {
        assert_eq!(world.post(&path, &large).await.status, 200);
        assert_eq!(reader.value().await.as_str().map(str::len), Some(100_000));
    }
}
