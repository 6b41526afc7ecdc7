//! Clients that none of us wrote: Python's websockets, Node's ws and curl see what our own client sees.

mod support;

use std::process::{Command, Output};

use serde_json::{Value, json};
use support::Server;

const PYTHON: &str = r#"
import asyncio, json, sys, websockets
async def main():
    async with websockets.connect(sys.argv[1], subprotocols=["cheeper.v1"]) as socket:
        assert socket.subprotocol == "cheeper.v1", socket.subprotocol
        welcome = json.loads(await socket.recv())
        await socket.send(json.dumps({"type": "post", "name": "python", "cheep": "ssss \U0001F40D", "id": "p"}))
        frames = [welcome]
        while frames[-1]["type"] != "ack":
            frames.append(json.loads(await socket.recv()))
        await (await socket.ping())
        print(json.dumps([frame["type"] for frame in frames if frame["type"] != "online"]))
asyncio.run(main())
"#;

const NODE: &str = r"
import { createRequire } from 'node:module';
const { WebSocket } = createRequire(process.argv[1] + '/')('ws');
const socket = new WebSocket(process.argv[2], ['cheeper.v1']);
const types = [];
socket.on('message', (data, isBinary) => {
  const frame = JSON.parse(data);
  if (frame.type !== 'online') types.push(frame.type);
  if (frame.type === 'welcome') socket.send(JSON.stringify({ name: 'node', cheep: 'an event loop', id: 'n' }));
  if (frame.type === 'ack') socket.close(1000);
});
socket.on('close', (code) => console.log(JSON.stringify([...types, code])));
";

fn run(command: &mut Command) -> Value {
    let output = command.output();
    let Output { status, stdout, stderr } =
        output.unwrap_or_else(|error| panic!("{command:?}: {error}; ./.ci/test installs it"));
    let said = String::from_utf8_lossy(&stderr);
    assert!(status.success(), "{command:?}: {said}\n./.ci/test installs what is missing");
    serde_json::from_slice(&stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&stdout)))
}

#[test]
fn python_websockets() {
    let server = Server::start();
    let types = run(Command::new("python3").args(["-c", PYTHON, &format!("ws://{}/ws", server.address)]));
    assert_eq!(types, json!(["welcome", "cheep", "ack"]));
}

#[test]
fn node_ws() {
    let server = Server::start();
    let modules = std::env::var("NODE_PATH").expect("NODE_PATH leads to ws: ./.ci/test installs it and sets it");
    let url = format!("ws://{}/ws", server.address);
    let types = run(Command::new("node").args(["--input-type=module", "-e", NODE, &modules, &url]));
    assert_eq!(types, json!(["welcome", "cheep", "ack", 1000]));
}

#[test]
fn curl_posts_and_reads() {
    let server = Server::start();
    let address = format!("http://{}/api/cheep", server.address);
    let event = run(Command::new("curl").args(["-sS", "-d", "name=curl", "--data-urlencode", "cheep=a & b", &address]));
    assert_eq!((&event["seq"], &event["cheep"]), (&json!(1), &json!("a & b")));
    let page = run(Command::new("curl").args(["-sS", &format!("{address}s?limit=1")]));
    assert_eq!(page["events"], json!([event]));
}
