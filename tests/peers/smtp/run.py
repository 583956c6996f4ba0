"""An SMTP server of the distribution's aiosmtpd on a free loopback port, which prints its port and then each mail it takes as a JSON line.

Recipients beginning with "later" are refused for now (451), those beginning with "never" for good (550). Mails to those beginning with "small" are too large (552) with more than one
event, those to "odd" are refused as a whole (550). Ends with its standard input.
"""
import json
import sys

from aiosmtpd.controller import Controller


class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("later"):
            return "451 try again"
        if address.startswith("never"):
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        text = envelope.content.decode("utf-8")
        if envelope.rcpt_tos[0].startswith("small") and text.count("X-BatchPlane-Event-Id:") > 1:
            return "552 too large"
        if envelope.rcpt_tos[0].startswith("odd"):
            return "550 not from you"
        mail = {"from": envelope.mail_from, "to": envelope.rcpt_tos, "text": text}
        print(json.dumps(mail), flush=True)
        return "250 OK"


class FreePort(Controller):
    # The base class connects to the port it was given to see that the server runs; with port 0 that is known only afterwards.
    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = FreePort(Handler(), hostname="127.0.0.1", port=0)
controller.start()
print(controller.port, flush=True)
sys.stdin.read()
controller.stop()
