"""The tutorial's server: Flask with gevent-websocket, a list of clients, a loop of sends."""

from gevent import monkey

monkey.patch_all()

from flask import Flask, request
from gevent.pywsgi import WSGIServer
from geventwebsocket.exceptions import WebSocketError
from geventwebsocket.handler import WebSocketHandler

app = Flask(__name__)
clients = set()


# Without this, Flask 2 and later takes a handshake for a request to another address.
@app.route("/ws", websocket=True)
def timeline():
    socket = request.environ["wsgi.websocket"]
    clients.add(socket)
    try:
        while (message := socket.receive()) is not None:
            for client in list(clients):
                try:
                    client.send(message)
                except WebSocketError:
                    clients.discard(client)
    except WebSocketError:
        pass
    finally:
        clients.discard(socket)
    return ""


server = WSGIServer(("127.0.0.1", 0), app, handler_class=WebSocketHandler, log=None, backlog=4096)
server.start()
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
