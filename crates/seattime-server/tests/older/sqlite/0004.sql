-- Half of a text that is too long for a message.
INSERT INTO value_part (learner, visit, seq, n, parts, text) VALUES ('learner-berta', 'visit-berta', 9, 0, 2, 'half');
