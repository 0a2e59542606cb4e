INSERT INTO audit (learner, id, tenant, at_ms, who, what, course, topic, was, became)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
