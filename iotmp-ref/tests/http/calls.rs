//! Resources that are run and described, and what the server keeps.

use iotmp_ref::server::DeviceId;
use serde_json::json;

use crate::client::{RESOURCES, request, within, world};

#[tokio::test]
async fn every_sort_of_resource_runs() {
    let world = world(|_| ()).await;
    let path = |name: &str| format!("{RESOURCES}/{name}");
    let answer = world.get(&path("temperature")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "22.5"));
    assert!(answer.head.contains("content-type: application/json"));
    let answer = world.post(&path("led"), "true").await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    let answer = world.post(&path("reboot"), "").await;
    assert_eq!(answer.status, 204);
    let value = r#"{"a":[1,-2.5,null,true,"é"]}"#;
    let answer = world.post(&path("echo"), value).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, value));
    let answer = world.get(&path("cfg/ab%20c")).await;
    assert_eq!((answer.status, answer.body.as_str()), (200, "4"));
    let answer = world.get(&path("bytes")).await;
    assert_eq!(answer.json(), json!({"type": "bytes", "value": "00ff"}));
}

#[tokio::test]
async fn resources_and_devices_are_described() {
    let world = world(|_| ()).await;
    for path in [RESOURCES.into(), format!("{RESOURCES}/")] {
        let all = world.get(&path).await.json();
        assert_eq!(all["echo"]["fn"], 4);
        assert_eq!(all["temperature"]["fn"], 3);
    }
    let one = world
        .get(&format!("{RESOURCES}/temperature?describe"))
        .await;
    assert_eq!(one.json(), json!({"out": 22.5}));
    let devices = world.get("/v3/users/user1/devices").await.json();
    assert_eq!(devices[0]["device"], "sensor1");
    assert_eq!(devices[0]["spec"], "iotmp-shipping");
    assert_eq!(devices[1], json!({"device": "sensor2", "connected": false}));
    assert_eq!(world.get("/v3/users/user2/devices").await.json(), json!([]));
    let one = world.get("/v3/users/user1/devices/sensor1").await.json();
    assert_eq!(one, devices[0]);
    // The description of the paths needs no token and names them all.
    let openapi = world
        .send("GET /openapi.json HTTP/1.1\r\nHost: h\r\n\r\n")
        .await;
    let openapi = openapi.json();
    let paths = openapi["paths"].as_object().unwrap();
    assert!(paths.contains_key("/v3/users/{user}/devices/{device}/resources/{resource}"));
}

#[tokio::test]
async fn what_goes_wrong_has_a_status_and_a_code() {
    let world = world(|_| ()).await;
    let device = |name: &str| format!("/v3/users/user1/devices/{name}/resources/temperature");
    for (path, status, code) in [
        (device("sensor2"), 503, "device_offline"),
        (device("sensor3"), 404, "device_unknown"),
        (format!("{RESOURCES}/nothing"), 422, "device_error"),
        ("/v3/users/user1".into(), 404, "no_such_path"),
        ("/v3/users/user1/devices/%FF".into(), 400, "bad_path"),
    ] {
        let answer = world.get(&path).await;
        assert_eq!(
            (answer.status, answer.code().as_str()),
            (status, code),
            "{path}"
        );
    }
    // A device may say the status itself.
    let answer = world.post(&format!("{RESOURCES}/led"), "7").await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (400, "device_error")
    );
    let details = json!({"payload": {"error": "expected a boolean"}, "parameters": 400});
    assert_eq!(answer.json()["error"]["details"], details);
    let answer = world.send(&request("DELETE", RESOURCES, "", "")).await;
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (405, "method_not_allowed")
    );
}

#[tokio::test]
async fn properties_buckets_and_events_are_seen_and_set() {
    let world = world(|_| ()).await;
    let properties = "/v3/users/user1/devices/sensor1/properties";
    let mode = format!("{properties}/mode");
    assert_eq!(world.get(&mode).await.code(), "property_unset");
    let put = world.send(&request("PUT", &mode, "", r#"{"a":1}"#)).await;
    assert_eq!(put.status, 204);
    assert_eq!(world.get(&mode).await.json(), json!({"a": 1}));
    assert_eq!(
        world.get(properties).await.json(),
        json!({"mode": {"a": 1}})
    );
    let unknown = "/v3/users/user1/devices/sensor3/properties/mode";
    assert_eq!(world.get(unknown).await.code(), "device_unknown");
    let id = DeviceId::new("user1", "sensor1");
    assert!(world.hub.property(&id, "mode").is_some());
    assert_eq!(
        world.get("/v3/users/user1/buckets/log").await.code(),
        "bucket_unknown"
    );
    let told = world.post("/v3/users/user1/events/alarm", "1").await;
    assert_eq!(told.json(), json!({"subscriptions": 0}));
    let own = "/v3/users/user1/events/device_property_update";
    assert_eq!(world.post(own, "1").await.code(), "own_event");
}

#[tokio::test]
async fn the_gateway_stops_with_all_that_listen() {
    let world = world(|_| ()).await;
    let mut listener = world.listen(&format!("{RESOURCES}/counter")).await;
    assert!(listener.value().await.is_u64());
    within(world.gateway.shutdown()).await;
    let (name, _) = listener.event().await.unwrap();
    assert_eq!((name.as_str(), listener.event().await), ("end", None));
    within(world.server.shutdown()).await;
}
