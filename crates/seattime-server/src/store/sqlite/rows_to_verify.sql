SELECT learner, course, topic, tenant FROM (
    SELECT * FROM (SELECT DISTINCT learner, course, topic, tenant FROM attempt
        WHERE (?1 IS NULL OR tenant = ?1) AND (learner, course, topic) > (?2, ?3, ?4)
        ORDER BY learner, course, topic LIMIT ?5) AS launched
    UNION SELECT * FROM (SELECT learner, course, topic, tenant FROM standing
        WHERE (?1 IS NULL OR tenant = ?1) AND (learner, course, topic) > (?2, ?3, ?4)
        ORDER BY learner, course, topic LIMIT ?5) AS shown
    UNION SELECT * FROM (SELECT enrolment.learner, enrolment.course, package.id AS topic, enrolment.tenant
        FROM enrolment JOIN package ON package.tenant = enrolment.tenant AND package.course = enrolment.course
        WHERE (?1 IS NULL OR enrolment.tenant = ?1) AND (enrolment.learner, enrolment.course, package.id) > (?2, ?3, ?4)
        ORDER BY enrolment.learner, enrolment.course, package.id LIMIT ?5) AS enrolled
    UNION SELECT * FROM (SELECT learner, course, topic, tenant FROM history
        WHERE (?1 IS NULL OR tenant = ?1) AND (learner, course, topic) > (?2, ?3, ?4)
        ORDER BY learner, course, topic LIMIT ?5) AS before
) AS known ORDER BY learner, course, topic LIMIT ?5
