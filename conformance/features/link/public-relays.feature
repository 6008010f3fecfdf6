Feature: Relays without TLS
  On its own machine and network a program may use a relay without TLS, elsewhere never.

  @agent @negative
  Rule: An agent is not started with such a relay

    @req:relay.connect.public-tls
    Scenario Outline: The address <address>
      When the agent is given the relay <address>
      Then it <does> it

      Examples:
        | address                    | does    |
        | ws://relay.example.com/v1  | refuses |
        | ws://172.32.0.1/v1         | refuses |
        | ws://[2001:db8::1]/v1      | refuses |
        | ws://192.168.1.1:8080/v1   | accepts |
        | wss://relay.example.com/v1 | accepts |
