@agent @controller
Feature: What is refused
  Whoever sits at the relay can change, repeat and invent messages. A message that is refused does
  nothing: no answer, no effect, and the next good message opens as if it had never come.

  @negative
  Rule: A message that is not what it has to be is refused, and leaves everything as it was

    Scenario Outline: A message <fault>
      Given a running session
      When the peer sends a message <fault>
      Then the program does not act on it, and says nothing
      And the next message of the peer is acted on

      @req:session.receive.length @req:session.receive.silent
      Examples: Of a wrong length
        | fault                                      |
        | that ends within its header                |
        | of 79 bytes                                |

      @req:session.receive.too-long
      Examples: Of a length beyond all
        | fault                                      |
        | of 262225 bytes                            |

      @req:session.receive.version @req:versioning.wire.refuse
      Examples: Of another version
        | fault                                      |
        | of version 2                               |

      @req:session.receive.header @req:session.select.header
      Examples: Of no session
        | fault                                      |
        | whose header tag was changed on the way    |
        | whose suite is another one                 |
        | with the header tag of another session     |
        | whose number was changed on the way        |

      @req:session.receive.decrypt @req:session.receive.unchanged @req:session.message.aad
      Examples: That does not open
        | fault                                      |
        | whose last bit was changed on the way      |
        | sealed under another key                   |
        | sealed without the transcript              |

      @req:session.receive.dh-key @req:security.key.low-order @req:session.receive.unchanged
      Examples: With a ratchet key of small order
        | fault                                      |
        | with a ratchet key of zeros                |
        | with a ratchet key of small order          |

      @req:session.receive.dh-key @req:security.key.canonical
      Examples: With a ratchet key that is not canonical
        | fault                                      |
        | with a ratchet key whose top bit is set    |
        | with a ratchet key beyond the field        |

      @req:session.receive.counter
      Examples: With counters that contradict the chains
        | fault                                      |
        | whose base is not that of its chain        |
        | whose new chain begins before what came    |

      @req:session.receive.step @req:session.receive.unchanged
      Examples: That would begin a new chain
        | fault                                      |
        | of a new chain, sealed under another key   |

  @negative
  Rule: A message sent back to its sender is refused

    @req:session.receive.direction
    Scenario: The relay reflects a message
      Given a running session
      When the relay sends the program its own newest message
      Then the program says nothing
      And the next message of the peer is acted on

    @req:session.receive.direction
    Scenario: A message that has the program's own direction, and is sealed correctly for it
      Given a running session
      When the peer sends a message of the program's own direction
      Then the program does not act on it, and says nothing
      And the next message of the peer is acted on

  @negative
  Rule: A message is opened once

    @req:session.receive.replay
    Scenario: The relay delivers a message twice
      Given a running session
      When the peer sends a message, and the relay delivers it twice
      Then the program acts on it once

    @req:session.receive.replay
    Scenario: The relay delivers a message again after many others
      Given a running session
      When the peer sends a message, and after 20 others the relay delivers it again
      Then the program acts on it once

    @req:session.receive.replay @req:session.receive.late
    Scenario: A message that came late is not opened again
      Given a running session
      When the peer sends two messages, and the relay delivers the second one first
      And the relay delivers the late one again
      Then the program has acted on each of them at most once

  Rule: A message that was overtaken still opens, with the key that was kept for it

    @req:session.receive.late
    Scenario: Two messages in the wrong order
      Given a running session
      When the peer sends two messages, and the relay delivers the second one first
      Then both have opened at the program

    @req:session.receive.late @req:session.receive.step
    Scenario: A message of an earlier ratchet key
      Given a running session
      When the relay holds a message of the peer back until the peer has a new ratchet key
      Then it has opened at the program

    @req:session.receive.late @req:session.receive.decrypt
    Scenario: A forged message does not use up the key that is kept
      Given a running session
      When the relay holds a message of the peer back, and delivers it first with its last bit changed
      Then it has opened at the program

  @negative
  Rule: At most 256 messages may be skipped at once

    @req:session.receive.skip-limit
    Scenario: 256 messages are lost
      Given a running session
      When the relay loses 256 messages of the peer
      Then the next message of the peer is acted on

    @req:session.receive.skip-limit
    Scenario: 257 messages are lost
      Given a running session
      When the relay loses 257 messages of the peer
      Then the next message of the peer is not acted on

  @negative
  Rule: No more than 256 skipped keys are kept, and none for longer than 10 min

    @req:session.receive.evict
    Scenario: The oldest key goes first
      Given a running session
      When the relay holds back 200 messages of the peer, and then 100 more
      And the relay delivers what it has held back
      Then the newest 256 of them have opened at the program, and no others

    @req:session.receive.skipped-ttl
    Scenario: A message that comes 11 min late
      Given a running session
      When the relay holds a message of the peer back for 11 min
      Then it has not opened at the program
      And the next message of the peer is acted on

    @req:session.receive.skipped-ttl
    Scenario: A message that comes 9 min late
      Given a running session
      When the relay holds a message of the peer back for 9 min
      Then it has opened at the program

  @negative
  Rule: Nothing is sent because a message was refused

    @req:session.receive.silent @req:security.secret.no-oracle
    Scenario: 50 forged messages of every kind
      Given a running session
      When the relay sends the program 50 messages with random changes
      Then the program says nothing
      And the next message of the peer is acted on
